/** The sketch of lengths against sorted lists. */
import { describe, expect, test } from "vitest";
import { addLength, histogram, lengthSketch, mergeLengths, summariseLengths } from "./sketch.js";
import { random } from "./testRandom.js";

const sketchOf = (values: readonly number[]) => {
  const sketch = lengthSketch();
  for (const value of values) addLength(sketch, value);
  return sketch;
};
const exact = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1]!;

describe("quantiles", () => {
  test("are exact below 2,048", () => {
    const next = random(1);
    const values = Array.from({ length: 5001 }, () => Math.floor(2048 * next() ** 3));
    const summary = summariseLengths(sketchOf(values))!;
    for (const [name, share] of [
      ["p50", 0.5],
      ["p90", 0.9],
      ["p99", 0.99],
    ] as const) {
      expect(summary[name]).toBe(exact(values, share));
    }
    expect(summary.mean).toBe(values.reduce((sum, value) => sum + value, 0) / values.length);
    expect([summary.min, summary.max]).toEqual([Math.min(...values), Math.max(...values)]);
  });

  test("are at most a tenth of a percent too low above", () => {
    const next = random(2);
    const values = Array.from({ length: 5000 }, () => Math.floor(Math.exp(20 * next())));
    const sketch = sketchOf(values);
    const summary = summariseLengths(sketch)!;
    for (const [name, share] of [
      ["p50", 0.5],
      ["p90", 0.9],
      ["p99", 0.99],
    ] as const) {
      const truth = exact(values, share);
      expect(summary[name]).toBeLessThanOrEqual(truth);
      expect(summary[name]).toBeGreaterThan(truth * (1 - 1 / 1000));
    }
    expect(summary.max).toBe(Math.max(...values));
  });

  test("do not depend on how the values were split and merged", () => {
    const values = Array.from({ length: 900 }, (_, index) => (index * 7919) % 5000);
    const merged = lengthSketch();
    for (const part of [values.slice(0, 1), values.slice(1, 500), values.slice(500)]) {
      mergeLengths(merged, sketchOf(part));
    }
    expect(merged).toEqual(sketchOf(values));
  });

  test("of nothing are undefined", () => {
    expect(summariseLengths(lengthSketch())).toBeUndefined();
    expect(histogram(lengthSketch())).toEqual([]);
  });
});

describe("the histogram", () => {
  test.each([
    [[5]],
    [[0, 0, 0]],
    [Array.from({ length: 1000 }, (_, index) => index)],
    [Array.from({ length: 300 }, (_, index) => 3000 + index)],
    [[...Array.from({ length: 200 }, () => 1), 1_000_000]],
  ])("counts every value once, in bins that follow each other", (values) => {
    const bins = histogram(sketchOf(values));
    expect(bins.length).toBeLessThanOrEqual(16);
    expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
    for (const [index, bin] of bins.entries()) {
      if (index > 0) expect(bin.from).toBe(bins[index - 1]!.to);
      const inside = values.filter((v) => v >= bin.from && (bin.to === null || v < bin.to));
      expect(bin.count).toBe(inside.length);
    }
  });
});
