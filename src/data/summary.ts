/** A summary of the data from a sample, shown when a run starts. */
import type { Source } from "../text/index.js";
import type { ConversationSource } from "./conversationSource.js";
import { type EncodeRowsOptions, encodeRows } from "./encodeRows.js";

export interface DataSummary {
  rows: number;
  /** Rows that were encoded for this summary. */
  sampledRows: number;
  /** Whether every row was, so that the numbers are exact. */
  exact: boolean;
  /** Tokens of one epoch after cutting; an estimate unless `exact`. */
  tokens: number;
  /** Tokens of one epoch that are trained on; an estimate unless `exact`. */
  labelledTokens: number;
  /** Fraction of tokens that are trained on, 0 to 1. */
  labelledShare: number;
  /** Rows of one epoch that are cut; an estimate unless `exact`. */
  truncatedRows: number;
  /** Longest conversation of the sample before cutting. */
  longest: { tokens: number; source: Source } | undefined;
  /** Rows of the sample that cannot be trained on. */
  badRows: number;
}

/** Encodes rows spread evenly over the files. */
export async function summarise(
  source: ConversationSource,
  options: EncodeRowsOptions,
  sampleSize = 256,
): Promise<DataSummary> {
  const sampledRows = Math.min(sampleSize, source.rows);
  const rows = Array.from({ length: sampledRows }, (_, index) =>
    Math.floor(((index + 0.5) * source.rows) / sampledRows),
  );
  let tokens = 0;
  let labelledTokens = 0;
  let truncated = 0;
  let badRows = 0;
  let longest: DataSummary["longest"];
  for (let at = 0; at < rows.length; at += 32) {
    for (const result of await encodeRows(source, rows.slice(at, at + 32), options)) {
      if (!result.ok) {
        badRows++;
        continue;
      }
      if (result.encoded.some((sequence) => sequence.truncated)) truncated++;
      for (const sequence of result.encoded) {
        tokens += sequence.inputIds.length;
        labelledTokens += sequence.labelledTokens;
        if (sequence.fullLength > (longest?.tokens ?? 0)) {
          longest = { tokens: sequence.fullLength, source: result.source };
        }
      }
    }
  }
  const scale = source.rows / sampledRows;
  return {
    rows: source.rows,
    sampledRows,
    exact: sampledRows === source.rows,
    tokens: Math.round(tokens * scale),
    labelledTokens: Math.round(labelledTokens * scale),
    labelledShare: tokens === 0 ? 0 : labelledTokens / tokens,
    truncatedRows: Math.round(truncated * scale),
    longest,
    badRows,
  };
}
