/** For tests: what the reference computed, and the same in plain JavaScript. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { PermutationOrder } from "./permutations.js";

interface DedupFacts {
  texts: string[];
  modes: Record<
    "ascii" | "word" | "character" | "space",
    { sha1: string[]; first: number[][]; clusters: number[][] }
  >;
  draws: {
    count: number;
    seed: number;
    order: PermutationOrder;
    last: [string, string];
    sha1: string;
  }[];
  /** threshold, permutations, bands, rows. */
  bandings: [number, number, number, number][];
}

/** Made by test/parity/fixture_dedup.py. */
export const facts = JSON.parse(
  readFileSync(new URL("../../../test/parity/fixtures/dedup.json", import.meta.url), "utf8"),
) as DedupFacts;

export function sha1(bytes: NodeJS.ArrayBufferView): string {
  return createHash("sha1").update(bytes).digest("hex");
}

/** Shingles of the unit without a Python reference, by regular expressions. */
export function plainShingles(
  text: string,
  size: number,
): { shingles: string[]; isShort: boolean } {
  const single = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}";
  const pattern = new RegExp(`[${single}]|(?:(?![${single}])[\\p{L}\\p{N}\\p{M}_])+`, "gu");
  const tokens = text.toLowerCase().match(pattern) ?? [];
  if (tokens.length < size) {
    const whole = tokens.length > 0 ? tokens.join(" ") : text.toLowerCase();
    return { shingles: [whole], isShort: true };
  }
  const shingles = Array.from({ length: tokens.length - size + 1 }, (_, from) =>
    tokens.slice(from, from + size).join(" "),
  );
  return { shingles, isShort: false };
}

/** A signature without vector instructions, in big numbers. A short text has two hashes. */
export function plainSignature(
  { shingles, isShort }: { shingles: readonly string[]; isShort: boolean },
  a: BigUint64Array,
  b: BigUint64Array,
): Uint32Array {
  const prime = (1n << 61n) - 1n;
  const hashes = shingles.flatMap((shingle) => {
    const digest = createHash("sha1").update(shingle).digest();
    return (isShort ? [0, 4] : [0]).map((at) => BigInt(digest.readUInt32LE(at)));
  });
  return Uint32Array.from(a, (multiplier, index) => {
    let least = 0xffffffff;
    for (const hash of hashes) {
      const product = BigInt.asUintN(64, hash * multiplier + b[index]!);
      least = Math.min(least, Number((product % prime) & 0xffffffffn));
    }
    return least;
  });
}
