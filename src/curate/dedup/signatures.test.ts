/** Signatures against the reference's, whatever the processor. */
import { describe, expect, test } from "vitest";
import { ArgumentError } from "../../util/errors.js";
import { candidateProbability, optimalBanding } from "./bands.js";
import { type InstructionSet, minhashAddon, unitNumbers } from "./native.js";
import { defaultParameters, type ShingleUnit } from "./parameters.js";
import { makePermutations } from "./permutations.js";
import { jaccardSimilarity, shingleHashes, signer } from "./signatures.js";
import { facts, plainShingles, plainSignature, sha1 } from "./testReference.js";

const addon = minhashAddon();
const sets = ([0, 1, 2] as const).filter((set) => set <= addon.instructionSet());
const { texts } = facts;
const { a, b } = makePermutations(256);
const none = new BigUint64Array(0);

const made = (unit: ShingleUnit, set: InstructionSet, whole: boolean, ngram = 5): Uint32Array[] => {
  const folded = unit === "ascii" ? texts : texts.map((text) => text.toLowerCase());
  const all = addon.signatures(folded, unitNumbers[unit], ngram, whole, set, none, a, b);
  return texts.map((_, index) => all.slice(256 * index, 256 * (index + 1)));
};

/** A signature of shingles by their hashes. */
const plainMinima = (hashes: BigUint64Array) =>
  Uint32Array.from(a, (multiplier, index) => {
    const values = Array.from(hashes, (hash) => {
      const product = BigInt.asUintN(64, (hash & 0xffffffffn) * multiplier + b[index]!);
      return Number((product % ((1n << 61n) - 1n)) & 0xffffffffn);
    });
    return Math.min(...values);
  });

describe("signatures", () => {
  const modes = Object.entries(facts.modes) as [keyof typeof facts.modes, { sha1: string[] }][];

  test.each(sets)("are the reference's in all its modes, with instruction set %i", (set) => {
    for (const [mode, { sha1: expected }] of modes) {
      expect({ mode, sha1: made(mode, set, false).map(sha1) }).toEqual({ mode, sha1: expected });
    }
  });

  test.each(sets)("of Chinese characters and words, with instruction set %i", (set) => {
    for (const ngram of [1, 3, 5, 70]) {
      const expected = texts.map((text) => plainSignature(plainShingles(text, ngram), a, b));
      expect(made("mixed", set, true, ngram)).toEqual(expected);
    }
  });

  test("take shingles of any length, one block of SHA-1 or many", () => {
    const lengths = [54, 55, 56, 57, 63, 64, 119, 120, 183, 184, 503, 504, 567, 568, 1000];
    for (const set of sets) {
      for (const length of lengths) {
        const text = "abc".repeat(length).slice(0, length);
        const signature = addon.signatures(
          [text],
          unitNumbers.character,
          length,
          true,
          set,
          none,
          a,
          b,
        );
        const expected = plainSignature({ shingles: [text], isShort: false }, a, b);
        expect({ length, signature }).toEqual({ length, signature: expected });
      }
    }
  });

  test("of short texts: one shingle of the whole, so that different ones differ", () => {
    const sign = signer(defaultParameters);
    const of = (text: string) => sha1(sign([text]));
    const short = ["好", "ok", "", "？", "！", "你好吗"];
    expect(new Set(short.map(of)).size).toBe(short.length);
    expect(of("你好！")).toBe(of("你 好"));
    const alike = signer({ ...defaultParameters, shortTexts: "alike" });
    expect(alike(short).every((number) => number === 0xffffffff)).toBe(true);
  });

  test("of short texts differ where 32 bits of their hashes do not", () => {
    // Found by trying numbers: the first four bytes of their SHA-1 are equal.
    const [one, other] = ["35097", "40686"] as const;
    const bytes = (text: string) => sha1(Buffer.from(text)).slice(0, 8);
    expect(bytes(one)).toBe(bytes(other));
    const signatures = signer(defaultParameters)([one, other]);
    const equal = signatures.slice(0, 256).filter((n, at) => n === signatures[256 + at]).length;
    expect(equal / 256).toBeLessThan(0.5);
  });

  test("tell Chinese texts apart that BigCode's tokens make one", () => {
    const chinese = [texts[5]!, texts[6]!];
    const similar = (unit: ShingleUnit, shortTexts: "whole" | "alike") => {
      const all = signer({ ...defaultParameters, shingle: unit, shortTexts })(chinese);
      return all.slice(0, 256).filter((number, index) => number === all[256 + index]).length / 256;
    };
    expect(similar("ascii", "alike")).toBe(1);
    expect(similar("mixed", "whole")).toBe(0);
    expect(similar("character", "whole")).toBe(0);
  });

  test("estimate the true similarity", () => {
    const sign = signer({ ...defaultParameters, permutations: 4096 });
    const hashes = texts.map((text) => shingleHashes(text, defaultParameters));
    const signatures = texts.map((text) => sign([text]));
    for (const [one, other] of [
      [0, 1],
      [3, 4],
      [0, 2],
      [7, 8],
    ] as const) {
      const equal = signatures[one]!.filter((n, index) => n === signatures[other]![index]).length;
      expect(equal / 4096).toBeCloseTo(jaccardSimilarity(hashes[one]!, hashes[other]!), 1);
    }
  });
});

describe("common shingles", () => {
  const common = shingleHashes("the same words at the start", defaultParameters);

  test("are left out of every kind of signature, and of similarities", () => {
    const text = "the same words at the start and then something else entirely";
    const left = shingleHashes(text, defaultParameters, common);
    expect(left).toHaveLength(shingleHashes(text, defaultParameters).length - common.length);
    expect([...left].filter((hash) => common.includes(hash))).toEqual([]);
    const least = (hashes: BigUint64Array) => plainMinima(hashes);
    expect(signer(defaultParameters, common)([text])).toEqual(least(left));
    const simhash = { ...defaultParameters, method: "simhash" } as const;
    expect(signer(simhash, common)([text])).not.toEqual(signer(simhash)([text]));
  });

  test("count where a text has no others", () => {
    const [text, other] = ["The same words at the start", "nothing of that is in this text here"];
    expect(shingleHashes(text, defaultParameters, common)).toEqual(common);
    for (const method of ["minhash", "simhash"] as const) {
      const parameters = { ...defaultParameters, method };
      const sign = signer(parameters, common);
      expect(sign([text, other])).toEqual(signer(parameters)([text, other]));
    }
  });
});

describe("permutations", () => {
  test.each(facts.draws)("$count of seed $seed, $order, are numpy's", (draw) => {
    const { a, b } = makePermutations(draw.count, draw.seed, draw.order);
    expect([a.at(-1), b.at(-1)].map(String)).toEqual(draw.last);
    const both = Buffer.concat([Buffer.from(a.buffer), Buffer.from(b.buffer)]);
    expect(sha1(both)).toBe(draw.sha1);
  });
});

describe("bands", () => {
  test.each(facts.bandings)("for threshold %d and %i numbers are scipy's", (...fact) => {
    const [threshold, permutations, bands, rows] = fact;
    expect(optimalBanding(threshold, permutations)).toEqual({ bands, rows });
  });

  test("make candidates of similar texts with the known probabilities", () => {
    const banding = { bands: 25, rows: 10 };
    const of = (similarity: number) => candidateProbability(similarity, banding);
    const known = { 0.5: 0.024, 0.6: 0.141, 0.7: 0.512, 0.8: 0.942, 0.85: 0.996, 0.9: 1 };
    for (const [s, expected] of Object.entries(known))
      expect(of(Number(s))).toBeCloseTo(expected, 2);
  });
});

describe("the addon", () => {
  const good = [["text"], 0, 5, true, 0, none, a, b] as const;

  test.each<[number, unknown, string]>([
    [0, "text", "texts"],
    [0, [1], "texts"],
    [0, undefined, "texts"],
    [1, 5, "unit"],
    [1, "mixed", "unit"],
    [2, 0, "ngram"],
    [2, 2.5, "ngram"],
    [2, Number.NaN, "ngram"],
    [3, 1, "whole"],
    [4, 3, "instructionSet"],
    [5, new Float64Array(2), "common"],
    [6, new Float64Array(256), "a"],
    [6, new BigUint64Array(0), "a"],
    [7, new BigUint64Array(255), "b"],
    [7, null, "b"],
  ])("refuses a wrong argument %i (case %#)", (index, value, name) => {
    const values = good.map((right, at) => (at === index ? value : right));
    const call = () => (addon.signatures as (...all: unknown[]) => unknown)(...values);
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(`\`${name}\``);
  });

  test("survives whatever it is called with", () => {
    const detached = new BigUint64Array(8);
    structuredClone(detached, { transfer: [detached.buffer] });
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    const shrinking: unknown[] = ["a", "b", "c"];
    Object.defineProperty(shrinking, 0, {
      get() {
        shrinking.length = 1;
        return "a";
      },
    });
    const texts = Array.from({ length: 300 }, (_, at) => String.fromCharCode(at * 219));
    const hostile: unknown[] = [
      undefined,
      null,
      true,
      0,
      -1,
      0.5,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      Number.NaN,
      1e308,
      Number.NEGATIVE_INFINITY,
      10n,
      2n ** 70n,
      "",
      "text",
      "\ud800",
      Symbol("s"),
      () => 1,
      {},
      { length: 5 },
      [],
      [[]],
      [1],
      new Array(2 ** 32 - 1),
      new Proxy([], {}),
      proxy,
      texts,
      texts.join("").repeat(50).split(" "),
      shrinking,
      detached,
      new Uint32Array(0),
      new Uint32Array(7),
      new Uint8Array(3),
      new BigInt64Array(4),
      new BigUint64Array(1),
      new BigUint64Array(70_000),
      new DataView(new ArrayBuffer(8)),
      new BigUint64Array(new SharedArrayBuffer(64)),
      new Date(),
      /x/u,
      new Map(),
    ];
    const calls: [keyof typeof addon, readonly unknown[]][] = [
      ["signatures", good],
      ["shingleHashes", good.slice(0, 6)],
      ["simHashes", good.slice(0, 6)],
      ["jaccard", [a, b]],
      ["bandKeys", [new Uint32Array(512), 256, 25, 10]],
      ["equalKeys", [a]],
      ["instructionSet", []],
    ];
    let refused = 0;
    for (const [name, right] of calls) {
      const call = addon[name] as (...all: unknown[]) => unknown;
      for (let index = 0; index <= right.length; index++) {
        for (const value of hostile) {
          for (const values of [
            right.map((other, at) => (at === index ? value : other)),
            [...right.slice(0, index), value],
            Array(index).fill(value),
          ]) {
            try {
              call(...values);
            } catch (error) {
              expect(error).toBeInstanceOf(ArgumentError);
              refused++;
            }
          }
        }
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });

  test("finds equal keys, each with the first", () => {
    const keys = BigUint64Array.from([5n, 7n, 5n, 2n ** 64n - 1n, 7n, 5n, 2n ** 64n - 1n]);
    expect([...addon.equalKeys(keys)]).toEqual([2, 0, 5, 0, 4, 1, 6, 3]);
    expect([...addon.equalKeys(new BigUint64Array(0))]).toEqual([]);
    expect(() => addon.equalKeys([] as never)).toThrow(ArgumentError);
  });

  test("refuses band keys that reach over a signature, and passes on what a getter throws", () => {
    const numbers = new Uint32Array(8);
    expect(() => addon.bandKeys(numbers, 4, 2, 3)).toThrow(ArgumentError);
    expect(() => addon.bandKeys(numbers, 3, 1, 1)).toThrow(/signatures/);
    const bad = Object.defineProperty([""], 0, {
      get() {
        throw new RangeError("from the getter");
      },
    });
    expect(() => addon.simHashes(bad, 0, 5, true, 0, none)).toThrow("from the getter");
  });

  test("is not misled by a text that gives memory away while it is read", () => {
    const own = makePermutations(256);
    const sly = ["first", "second"];
    Object.defineProperty(sly, 1, {
      get() {
        structuredClone(own.a, { transfer: [own.a.buffer as ArrayBuffer] });
        return "second";
      },
    });
    const expected = addon.signatures(["first", "second"], 0, 5, true, 0, none, a, b);
    expect(addon.signatures(sly, 0, 5, true, 0, none, own.a, own.b)).toEqual(expected);
  });
});
