/** What one forward and backward pass is computed on. */
import type { Source } from "../text/index.js";
import type { DataError } from "../util/errors.js";
import { addLeftOut, type LeftOutCounts, nothingLeftOut } from "./leftOut.js";
import type { EncodedRow, EncodedSequence } from "./rowEncoder.js";

/** One conversation, as it goes into a packed row. */
export interface TrainingSequence {
  /** [length] */
  inputIds: Int32Array;
  /** [length]; what position i itself should be (unshifted), -100 where nothing is learnt. */
  labels: Int32Array;
  source: Source;
}

/** A row that was left out. */
export interface SkippedRow {
  source: Source;
  /** Begins with file and line. */
  reason: string;
  why?: string;
  /** It is good, but longer than `overLength: "drop"` lets pass. */
  dropped?: true;
}

export interface MicroBatch {
  /** Counted from 0 over the whole run. */
  number: number;
  /** From 0. */
  epoch: number;
  /** Empty only where a rank gets none of an epoch's last rows, all were skipped, or a stream ended. */
  sequences: TrainingSequence[];
  tokens: number;
  labelledTokens: number;
  /** Sequences that were cut at the maximal length. */
  truncated: number;
  /** Rows left out: bad ones with `onError: "skip"`, long ones with `overLength: "drop"`. */
  skipped: SkippedRow[];
  /** What its rows say and its sequences do not hold, where there is anything. */
  leftOut?: LeftOutCounts;
  /** A stream has no more rows; so have all micro-batches after this one. */
  ended?: true;
}

/** A sequence and where it came from. */
export interface PlacedSequence extends EncodedSequence {
  source: Source;
}

/** Sequences of the good rows and reasons of the bad ones. */
export function sortRows(
  rows: readonly EncodedRow[],
  onError: "fail" | "skip" = "fail",
): { sequences: PlacedSequence[]; skipped: MicroBatch["skipped"] } {
  const sequences: PlacedSequence[] = [];
  const skipped: MicroBatch["skipped"] = [];
  for (const row of rows) {
    const { source } = row;
    if (row.ok) {
      for (const sequence of row.sequences) sequences.push({ ...sequence, source });
      if (row.dropped !== undefined) skipped.push({ source, reason: row.dropped, dropped: true });
    } else if (onError === "fail") throw row.error;
    else skipped.push(skippedRow(source, row.error));
  }
  return { sequences, skipped };
}

function skippedRow(source: Source, { message, why }: DataError): SkippedRow {
  return { source, reason: message, ...(why === undefined ? {} : { why }) };
}

export function microBatchOf(
  number: number,
  epoch: number,
  sequences: readonly PlacedSequence[],
  skipped: MicroBatch["skipped"],
): MicroBatch {
  const batch: MicroBatch = {
    number,
    epoch,
    skipped,
    sequences: [],
    tokens: 0,
    labelledTokens: 0,
    truncated: 0,
  };
  for (const { inputIds, labels, source, labelledTokens, truncated, leftOut } of sequences) {
    batch.sequences.push({ inputIds, labels, source });
    batch.tokens += inputIds.length;
    batch.labelledTokens += labelledTokens;
    if (truncated) batch.truncated++;
    if (leftOut) {
      batch.leftOut ??= nothingLeftOut();
      addLeftOut(batch.leftOut, leftOut, source);
    }
  }
  return batch;
}
