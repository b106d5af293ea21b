/** Random numbers: generators, seeds, and dropout that is a function of its key. */
import { afterAll, describe, expect, test } from "vitest";
import { numbers } from "../../test/engine/values.js";
import { ArgumentError, NativeError } from "../util/errors.js";
import {
  counterDropout,
  equal,
  Generator,
  manualSeed,
  ones,
  rand,
  setThreads,
  type Tensor,
  tensor,
  threads,
  zeros,
} from "./index.js";

describe("generators", () => {
  const draw = (generator: Generator | null) => numbers(rand([5], { generator }));

  test("equal seeds give equal streams, others do not", () => {
    const a = new Generator(7);
    const b = new Generator(7);
    expect(draw(a)).toEqual(draw(b));
    expect(draw(a)).toEqual(draw(b));
    expect(draw(new Generator(8))).not.toEqual(draw(new Generator(7)));
  });

  test("a state continues its stream", () => {
    const a = new Generator(7);
    draw(a);
    const state = a.state();
    const next = draw(a);
    const b = new Generator(0);
    b.setState(state);
    expect(draw(b)).toEqual(next);
    expect(draw(b)).toEqual(draw(a));
  });

  test("manualSeed seeds the default generator, which others do not disturb", () => {
    manualSeed(42);
    const first = draw(null);
    // torch.manual_seed(42); torch.rand(5)
    const known = [0.8822692633, 0.9150039554, 0.38286376, 0.959305644, 0.3904482126];
    for (const [i, value] of first.entries()) expect(value).toBeCloseTo(known[i]!, 6);
    manualSeed(42);
    draw(new Generator(1));
    expect(draw(null)).toEqual(first);
  });

  test("seeds and states that are none are refused", () => {
    for (const seed of [-1, 1.5, Number.NaN, "1"]) {
      expect(() => manualSeed(seed as number)).toThrow(ArgumentError);
      expect(() => new Generator(seed as number)).toThrow(ArgumentError);
    }
    expect(() => new Generator(1, "toaster" as never)).toThrow(NativeError);
    expect(() => new Generator(1).setState(zeros([3]))).toThrow(NativeError);
    const gone = new Generator(1);
    gone.dispose();
    gone.dispose();
    expect(() => rand([1], { generator: gone })).toThrow(ArgumentError);
    expect(() => gone.state()).toThrow(ArgumentError);
  });
});

describe("counterDropout", () => {
  const dropped = (x: Tensor) => numbers(x).map((value) => (value === 0 ? 1 : 0) as number);
  const mask = (key: number, n = 40_000, p = 0.1) => dropped(counterDropout(ones([n]), p, key));
  const share = (bits: number[]) => bits.reduce((sum, bit) => sum + bit, 0) / bits.length;
  const usual = threads();
  afterAll(() => setThreads(usual));

  test("equal keys give equal masks, others give others", () => {
    expect(mask(5)).toEqual(mask(5));
    expect(mask(5)).not.toEqual(mask(6));
    expect(mask(5)).not.toEqual(mask(5 + 2 ** 32));
  });

  test("keeps the rate and scales what it keeps", () => {
    for (const p of [0, 0.05, 0.1, 0.5, 0.9]) {
      const x = numbers(counterDropout(ones([100_000]), p, 11));
      const rate = x.filter((value) => value === 0).length / x.length;
      // Five standard deviations of a binomial share.
      expect(Math.abs(rate - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / x.length));
      const kept = Math.fround(1 / (1 - p));
      expect(x.every((value) => value === 0 || value === kept)).toBe(true);
    }
  });

  test("masks of float32 and bfloat16 are equal for a key, and bfloat16 rounds as torch does", () => {
    const x = tensor(Float32Array.from({ length: 10_000 }, (_, i) => (i - 5000.5) / 37));
    const half = x.to({ dtype: "bfloat16" });
    const a = counterDropout(x, 0.3, 9);
    const b = counterDropout(half, 0.3, 9);
    expect(dropped(b)).toEqual(dropped(a));
    const kept = tensor(numbers(b).map((value) => (value === 0 ? 0 : 1)));
    const scaled = half
      .to({ dtype: "float32" })
      .mul(Math.fround(1 / (1 - 0.3)))
      .to({ dtype: "bfloat16" });
    expect(equal(b, scaled.mul(kept).to({ dtype: "bfloat16" }))).toBe(true);
  });

  test("does not depend on the number of threads, on shape or on memory order", () => {
    const x = ones([300, 1000]);
    setThreads(1);
    const one = dropped(counterDropout(x, 0.2, 3));
    setThreads(2);
    expect(dropped(counterDropout(x, 0.2, 3))).toEqual(one);
    expect(dropped(counterDropout(x.view([-1]), 0.2, 3))).toEqual(one);
    const transposed = ones([1000, 300]).transpose(0, 1);
    expect(dropped(counterDropout(transposed, 0.2, 3))).toEqual(one);
  });

  test("masks of consecutive keys and of neighbours are independent", () => {
    // Chi-square of the four combinations with one degree of freedom: above 20 once in 130,000.
    const chiSquare = (a: number[], b: number[]) => {
      const counts = [0, 0, 0, 0];
      for (const [i, bit] of a.entries()) counts[2 * bit + b[i]!]!++;
      const [pa, pb] = [share(a), share(b)];
      return counts.reduce((sum, count, cell) => {
        const expected = a.length * (cell >= 2 ? pa : 1 - pa) * (cell % 2 ? pb : 1 - pb);
        return sum + (count - expected) ** 2 / expected;
      }, 0);
    };
    for (const p of [0.05, 0.5]) {
      for (const key of [0, 1, 2 ** 20, 2 ** 32 - 1, 2 ** 40]) {
        const bits = mask(key, 40_000, p);
        for (const other of [key + 1, key + 2, key + 2 ** 32]) {
          expect(chiSquare(bits, mask(other, 40_000, p)), `keys ${key}, ${other}`).toBeLessThan(20);
        }
        for (const lag of [1, 2, 64, 576]) {
          expect(
            chiSquare(bits.slice(lag), bits.slice(0, -lag)),
            `key ${key}, lag ${lag}`,
          ).toBeLessThan(20);
        }
      }
    }
  });

  test("dropped elements spread evenly", () => {
    const bits = mask(77, 64_000, 0.1);
    const buckets = Array.from(
      { length: 64 },
      (_, i) => share(bits.slice(1000 * i, 1000 * i + 1000)) * 1000,
    );
    const chiSquare = buckets.reduce((sum, count) => sum + (count - 100) ** 2 / 90, 0);
    // 64 degrees of freedom: outside (30, 115) less than once in 10,000.
    expect(chiSquare).toBeGreaterThan(30);
    expect(chiSquare).toBeLessThan(115);
  });

  test("refuses probabilities and dtypes that it cannot take", () => {
    for (const p of [1, -0.1, Number.NaN])
      expect(() => counterDropout(ones([2]), p, 1)).toThrow(NativeError);
    expect(() => counterDropout(ones([2], { dtype: "int64" }), 0.1, 1)).toThrow(
      /float32 or bfloat16/,
    );
    expect(() => counterDropout(ones([2]), 0.1, 0.5)).toThrow(ArgumentError);
  });
});
