/** Rows that a run left out (`on_error: skip`, `over_length: drop`), in a file of the run directory. */
import { existsSync, readFileSync, truncateSync } from "node:fs";
import path from "node:path";
import type { MicroBatch } from "../data/index.js";
import { DataError } from "../util/errors.js";
import { type AppendLog, openAppendLog } from "./events/index.js";

export const skippedRowsName = "skipped_rows.jsonl";

export interface SkippedRows {
  /** Rows listed so far, over all attempts. */
  readonly count: number;
  /** Lists rows that are not listed yet, `{file, line, reason, why}` a line; returns those. */
  add(skipped: MicroBatch["skipped"]): MicroBatch["skipped"];
  close(): void;
}

/**
 * @param directory of the run; the file is made with the first row
 * @param onError told when the file cannot be written; rows then wait
 */
export function openSkippedRows(
  directory: string,
  onError: (error: unknown) => void = () => {},
): SkippedRows {
  const file = path.join(directory, skippedRowsName);
  const key = (source: { file: string; line: number }) => `${source.file}:${source.line}`;
  const seen = new Set(readListed(file).map(key));
  let log: AppendLog | undefined;
  return {
    get count() {
      return seen.size;
    },
    add(skipped) {
      const added = skipped.filter(({ source }) => {
        const isNew = !seen.has(key(source));
        seen.add(key(source));
        return isNew;
      });
      const lines = added.map(
        ({ source, reason, why }) => `${JSON.stringify({ ...source, reason, why })}\n`,
      );
      if (lines.length > 0) {
        log ??= openAppendLog(file, onError);
        log.append(lines.join(""));
      }
      return added;
    },
    close: () => log?.close(),
  };
}

/** What an earlier attempt listed. A line that it was killed while writing is taken off. */
function readListed(file: string): { file: string; line: number }[] {
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  const whole = bytes.subarray(0, bytes.lastIndexOf("\n") + 1);
  if (whole.length < bytes.length) truncateSync(file, whole.length);
  return whole
    .toString()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** For a run whose steps had no row to learn from. */
export function nothingLearnt(skipped: number): DataError {
  return new DataError("nothing was trained on: no row had any token to train on", {
    why: `${skipped} rows were skipped; they are listed in ${skippedRowsName}`,
    todo: "run check with the same configuration to see what is wrong with each row",
  });
}
