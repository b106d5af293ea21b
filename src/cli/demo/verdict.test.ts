import { expect, test } from "vitest";
import { describeLoss, hasLearnt, notLearnt } from "./verdict.js";

test("the loss must fall to the bound or below", () => {
  expect(hasLearnt({ before: 4, after: 2 }, 0.5)).toBe(true);
  expect(hasLearnt({ before: 4, after: 2.01 }, 0.5)).toBe(false);
});

test.each([
  [4, Number.NaN],
  [Number.NaN, 1],
])("a loss that is no number is no success (%d, %d)", (before, after) => {
  expect(hasLearnt({ before, after }, 0.5)).toBe(false);
});

test("the error names both losses, the bound and where to look, and exits 1", () => {
  const error = notLearnt({ before: 4.189, after: 3.1 }, 0.5, "output/demo");
  expect(error.exitCode).toBe(1);
  expect(error.why).toBe(
    "held-out loss: 4.19 → 3.10 (74% of the value before); expected at most 50%",
  );
  expect(error.todo).toContain("output/demo/events.jsonl");
  expect(describeLoss({ before: 4, after: 1 })).toBe("4.00 → 1.00 (25% of the value before)");
});
