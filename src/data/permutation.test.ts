import { describe, expect, test } from "vitest";
import { permutation } from "./permutation.js";

const all = (seed: number, epoch: number, length: number) => {
  const rowAt = permutation(seed, epoch, length);
  return Array.from({ length }, (_, index) => rowAt(index));
};
const sorted = (values: number[]) => [...values].sort((a, b) => a - b);

describe("permutation", () => {
  test.each([0, 1, 2, 3, 4, 5, 7, 16, 17, 64, 65, 1000, 4096, 4097])(
    "of length %i takes every row once",
    (length) => {
      const rows = Array.from({ length }, (_, index) => index);
      for (const seed of [0, 42, 2 ** 40]) expect(sorted(all(seed, 3, length))).toEqual(rows);
    },
  );

  test("stays the same for ever: a checkpoint's place in the order depends on it", () => {
    expect(all(42, 0, 10)).toEqual([4, 7, 2, 0, 6, 1, 5, 9, 3, 8]);
    expect(all(42, 1, 10)).toEqual([9, 0, 2, 3, 5, 6, 8, 7, 4, 1]);
    const rowAt = permutation(7, 2, 1_074_551);
    expect([0, 1, 2, 1_074_550].map(rowAt)).toEqual([567666, 1022525, 736941, 151394]);
  });

  test("differs by seed, high bits included, and by epoch", () => {
    const orders = [
      [1, 0],
      [2, 0],
      [1 + 2 ** 32, 0],
      [1, 1],
      [1, 2],
    ].map(([seed, epoch]) => all(seed!, epoch!, 100).join());
    expect(new Set(orders).size).toBe(orders.length);
  });

  test("moves every row to every tenth of the order about equally often", () => {
    const length = 50;
    const rounds = 4000;
    const counts = Array.from({ length }, () => new Array<number>(10).fill(0));
    for (let epoch = 0; epoch < rounds; epoch++) {
      all(9, epoch, length).forEach((row, place) => {
        counts[row]![Math.floor(place / 5)]!++;
      });
    }
    const expected = rounds / 10;
    const statistic = counts
      .flat()
      .reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // Chi-squared with 50 * 9 degrees of freedom: mean 450, standard deviation 30.
    expect(statistic).toBeLessThan(450 + 5 * 30);
  });

  test("neighbours in the file are no neighbours in the order", () => {
    const order = all(5, 0, 10_000);
    const near = order.filter((row, place) => place > 0 && Math.abs(row - order[place - 1]!) <= 5);
    // 10 of 10,000 rows are within 5 of another: about 10 pairs by chance.
    expect(near.length).toBeLessThan(40);
  });

  test("costs no memory: the last of four billion rows is as near as the first", () => {
    const length = 2 ** 32;
    const rowAt = permutation(1, 0, length);
    for (const index of [0, 1, length - 1]) {
      expect(rowAt(index)).toBeGreaterThanOrEqual(0);
      expect(rowAt(index)).toBeLessThan(length);
    }
  });
});
