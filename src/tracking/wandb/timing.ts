/** The seconds that a run has been trained for, as W&B's `_runtime` has them. */
import type { EventRow } from "../../train/index.js";

export interface TimedRow {
  readonly row: EventRow;
  /** Seconds of the whole run until then: of each attempt, from its first row on. */
  readonly runtime: number;
}

/** Rows with the seconds until then, and the seconds of all: the time between attempts does not count. */
export function timeRows(rows: readonly EventRow[]): { rows: TimedRow[]; seconds: number } {
  let seconds = 0;
  let first: EventRow | undefined;
  let last: EventRow | undefined;
  const timed = rows.map((row) => {
    if (first?.attempt !== row.attempt) {
      seconds += first && last ? last.time - first.time : 0;
      first = row;
    }
    last = row;
    return { row, runtime: roundToMilliseconds(seconds + row.time - first.time) };
  });
  return { rows: timed, seconds: seconds + (first && last ? last.time - first.time : 0) };
}

/** Times of events have milliseconds; their differences would have digits without a meaning. */
export function roundToMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
