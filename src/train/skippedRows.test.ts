import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { openSkippedRows, skippedRowsName } from "./skippedRows.js";

const directory = mkdtempSync(path.join(tmpdir(), "tunewright-skipped-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = path.join(directory, skippedRowsName);

const row = (line: number) => ({
  source: { file: "rows.jsonl", line },
  reason: `rows.jsonl:${line}: not JSON`,
  why: "a bracket is missing",
});
const listed = () =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

test("each row is listed once over all attempts, also after one that was killed while writing", () => {
  const first = openSkippedRows(directory);
  expect(first.add([row(3), row(5), row(3)]).map(({ source }) => source.line)).toEqual([3, 5]);
  expect(first.add([row(5)])).toEqual([]);
  appendFileSync(file, '{"file":"rows.jsonl","li');

  const second = openSkippedRows(directory);
  expect(second.count).toBe(2);
  expect(second.add([row(3), row(7)]).map(({ source }) => source.line)).toEqual([7]);
  expect(second.count).toBe(3);
  expect(listed()).toEqual(
    [3, 5, 7].map((line) => ({
      file: "rows.jsonl",
      line,
      reason: row(line).reason,
      why: "a bracket is missing",
    })),
  );
});
