/** Rows that a run left out (`on_error: skip`, `over_length: drop`), in a file of the run directory. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { MicroBatch } from "../data/index.js";
import { DataError } from "../util/errors.js";

export const skippedRowsName = "skipped_rows.jsonl";

export interface SkippedRows {
  /** Rows listed so far, over all attempts. */
  readonly count: number;
  /** Lists rows that are not listed yet, `{file, line, reason}` a line; returns those. */
  add(skipped: MicroBatch["skipped"]): MicroBatch["skipped"];
}

/** @param directory of the run; the file is made with the first row */
export function openSkippedRows(directory: string): SkippedRows {
  const file = path.join(directory, skippedRowsName);
  const seen = new Set<string>();
  const key = (source: { file: string; line: number }) => `${source.file}:${source.line}`;
  if (existsSync(file)) {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      if (line !== "") seen.add(key(JSON.parse(line) as { file: string; line: number }));
    }
  }
  return {
    get count() {
      return seen.size;
    },
    add(skipped) {
      const added = skipped.filter(({ source }) => !seen.has(key(source)));
      for (const { source, reason } of added) {
        seen.add(key(source));
        appendFileSync(file, `${JSON.stringify({ ...source, reason })}\n`);
      }
      return added;
    },
  };
}

/** For a run whose steps had no row to learn from. */
export function nothingLearnt(skipped: number): DataError {
  return new DataError("nothing was trained on: no row had a token to learn", {
    why: `${skipped} rows were left out, as ${skippedRowsName} lists them`,
    todo: "run check with the same configuration; it says what is wrong with each row",
  });
}
