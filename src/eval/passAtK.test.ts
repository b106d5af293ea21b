import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hasShared, sharedPath } from "../../test/sharedData.js";
import { passAtK } from "./passAtK.js";

const path = "golden/humaneval_golden.json";

describe("passAtK", () => {
  test("is the share of draws of k with one that passes", () => {
    expect(passAtK(4, 0, 2)).toBe(0);
    expect(passAtK(4, 1, 1)).toBe(0.25);
    // Of the six pairs of four programs one has neither of two that pass.
    expect(passAtK(4, 2, 2)).toBeCloseTo(5 / 6, 15);
    expect(passAtK(4, 3, 2)).toBe(1);
    expect(() => passAtK(4, 1, 5)).toThrow(RangeError);
  });

  test.skipIf(!hasShared(path))("gives the reference's values to the last bit", () => {
    const { pass_at_k } = JSON.parse(readFileSync(sharedPath(path), "utf8")) as {
      pass_at_k: { n: number; c: number; k: number; v: number }[];
    };
    for (const { n, c, k, v } of pass_at_k) expect(passAtK(n, c, k)).toBe(v);
  });
});
