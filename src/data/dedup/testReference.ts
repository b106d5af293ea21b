/** For tests: what the reference computed, and the same in plain JavaScript. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ShingleUnit } from "./parameters.js";
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

/** Shingles of the units without a Python reference, by regular expressions. */
export function plainShingles(text: string, unit: ShingleUnit & "mixed", size: number): string[] {
  const single = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}";
  const pattern = new RegExp(`[${single}]|(?:(?![${single}])[\\p{L}\\p{N}\\p{M}_])+`, "gu");
  const tokens = text.toLowerCase().match(pattern) ?? [];
  if (unit === "mixed" && tokens.length < size) {
    return [tokens.length > 0 ? tokens.join(" ") : text.toLowerCase()];
  }
  return Array.from({ length: tokens.length - size + 1 }, (_, from) =>
    tokens.slice(from, from + size).join(" "),
  );
}

/** A signature without vector instructions, in big numbers. */
export function plainSignature(
  shingles: readonly string[],
  a: BigUint64Array,
  b: BigUint64Array,
): Uint32Array {
  const prime = (1n << 61n) - 1n;
  const hashes = shingles.map((shingle) =>
    BigInt(createHash("sha1").update(shingle).digest().readUInt32LE(0)),
  );
  return Uint32Array.from(a, (multiplier, index) => {
    let least = 0xffffffff;
    for (const hash of hashes) {
      const product = BigInt.asUintN(64, hash * multiplier + b[index]!);
      least = Math.min(least, Number((product % prime) & 0xffffffffn));
    }
    return least;
  });
}
