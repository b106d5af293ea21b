import { expect, it } from "vitest";
import { attentionRuns } from "./runs.js";

const rows = (lengths: (number | null)[]) =>
  lengths.flatMap((length, row) => (length === null ? [] : [{ row, length }]));

it("takes rows of like lengths together", () => {
  expect(attentionRuns(rows([90, 100, 95]), 50)).toEqual([{ at: 0, count: 3, longest: 100 }]);
});

it("takes rows apart where padding costs more than a call", () => {
  expect(attentionRuns(rows([10, 10, 900, 10]), 50)).toEqual([
    { at: 0, count: 2, longest: 10 },
    { at: 2, count: 1, longest: 900 },
    { at: 3, count: 1, longest: 10 },
  ]);
  expect(attentionRuns(rows([10, 10, 900, 10]), 5000)).toHaveLength(1);
});

it("never reaches over a row that is not computed", () => {
  expect(attentionRuns(rows([50, null, 50, 50]), 1000)).toEqual([
    { at: 0, count: 1, longest: 50 },
    { at: 1, count: 2, longest: 50 },
  ]);
});

it("has no runs without rows", () => {
  expect(attentionRuns([], 10)).toEqual([]);
});
