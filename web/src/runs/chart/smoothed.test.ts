import { expect, it } from "vitest";
import { smoothed } from "./smoothed";

it("keeps a constant, also at the start, and follows a step by its weight", () => {
  expect(smoothed([2, 2, 2], 0.9).map((value) => value?.toFixed(12))).toEqual(
    Array(3).fill("2.000000000000"),
  );
  // (0.5 · 0 + 0.5 · 1) / 0.75 after the start's correction.
  expect(smoothed([0, 1], 0.5)[1]).toBeCloseTo(2 / 3, 12);
});

it("leaves gaps and changes nothing at weight 0", () => {
  expect(smoothed([1, null, 1], 0.6)).toEqual([1, null, 1]);
  expect(smoothed([3, 1, 2], 0)).toEqual([3, 1, 2]);
});
