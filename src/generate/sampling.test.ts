import { describe, expect, it } from "vitest";
import { banRepeatedNgrams, penaliseRepetition } from "./penalties.js";
import { nextUniform, seededRandom } from "./random.js";
import { argmax, drawToken, keepMinP, keepTopK, keepTopP } from "./sampling.js";

const kept = (logits: Float32Array) => [...logits.keys()].filter((id) => logits[id] !== -Infinity);

describe("filters", () => {
  it("top-k keeps what equals the k-th, as transformers does", () => {
    const logits = Float32Array.of(1, 3, 2, 3, 2, 0);
    keepTopK(logits, 3);
    expect(kept(logits)).toEqual([1, 2, 3, 4]);
  });

  it("top-k finds the same threshold as sorting, for every k", () => {
    const random = seededRandom(5);
    const values = Float32Array.from({ length: 300 }, () => nextUniform(random) * 8 - 4);
    const sorted = Float32Array.from(values).sort().reverse();
    for (let k = 1; k <= 300; k++) {
      const logits = values.slice();
      keepTopK(logits, k);
      expect(kept(logits).length).toBe(sorted.filter((value) => value >= sorted[k - 1]!).length);
    }
  });

  it("top-p keeps the token that reaches the mass, and at least one", () => {
    const logits = () => Float32Array.from([0.5, 0.3, 0.2].map(Math.log));
    for (const [p, ids] of [
      [0.4, [0]],
      [0.6, [0, 1]],
      [0.9, [0, 1, 2]],
      [0, [0]],
    ] as const) {
      const values = logits();
      keepTopP(values, p);
      expect(kept(values)).toEqual([...ids]);
    }
  });

  it("min-p measures by the most probable token", () => {
    const logits = Float32Array.from([0.6, 0.3, 0.1].map(Math.log));
    keepMinP(logits, 0.4);
    expect(kept(logits)).toEqual([0, 1]);
  });

  it("n-grams are banned only where their beginning is at hand", () => {
    const logits = new Float32Array(6);
    banRepeatedNgrams(logits, [1, 2, 3, 1, 2, 4, 1, 2], 3);
    expect(kept(logits)).toEqual([0, 1, 2, 5]);
    const single = new Float32Array(4);
    banRepeatedNgrams(single, [3, 0], 1);
    expect(kept(single)).toEqual([1, 2]);
    const short = new Float32Array(4);
    banRepeatedNgrams(short, [1], 3);
    expect(kept(short).length).toBe(4);
  });

  it("a token that occurs twice is penalised once", () => {
    const logits = Float32Array.of(2, -2, 1);
    penaliseRepetition(logits, new Set([0, 1, 0, 1]), 2);
    expect([...logits]).toEqual([1, -4, 1]);
  });
});

describe("choice", () => {
  it("of equal logits the lowest id is the best", () => {
    expect(argmax(Float32Array.of(0, 7, 7, 1))).toBe(1);
  });

  it("draws each token as often as its probability says, and never a filtered one", () => {
    const probabilities = [0.1, 0.6, 0.3];
    const logits = Float32Array.from([...probabilities.map(Math.log), -Infinity]);
    const random = seededRandom(1);
    const counts = [0, 0, 0, 0];
    const draws = 20_000;
    for (let i = 0; i < draws; i++) counts[drawToken(logits, random)]!++;
    probabilities.forEach((probability, id) => {
      const deviation = Math.sqrt((probability * (1 - probability)) / draws);
      expect(Math.abs(counts[id]! / draws - probability)).toBeLessThan(5 * deviation);
    });
    expect(counts[3]).toBe(0);
  });
});

describe("the random generator", () => {
  // Words of the authors' C code (prng.di.unimi.it/xoshiro128starstar.c) from the state 1, 2, 3, 4.
  it("is xoshiro128**", () => {
    const state = Uint32Array.of(1, 2, 3, 4);
    const words = [nextUniform(state), nextUniform(state)].map((value) => value * 2 ** 53);
    const combined = (high: number, low: number) => (high >>> 5) * 2 ** 26 + (low >>> 6);
    expect(words).toEqual([combined(11520, 0), combined(5927040, 70819200)]);
  });

  it("uses all bits of a seed", () => {
    const first = (seed: number) => nextUniform(seededRandom(seed));
    const values = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 40].map(first);
    expect(new Set(values).size).toBe(values.length);
  });
});
