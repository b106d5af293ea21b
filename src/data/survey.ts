/** Checks and measures every row in the same way as training. */
import type { Segment, Source } from "../text/index.js";
import type { DataError } from "../util/errors.js";
import type { ConversationSource } from "./conversationSource.js";
import { type EncodeRowsOptions, encodeRows, type RowResult } from "./encodeRows.js";
import { addLeftOut, type LeftOutCounts, nothingLeftOut } from "./leftOut.js";
import { NumberList } from "./numberList.js";
import { countPlaceholders } from "./placeholders.js";

export interface SurveyOptions extends EncodeRowsOptions {
  /** How many bad rows are kept with their errors; all are counted. Default 20. */
  keptProblems?: number | undefined;
  /** Called with the number of rows processed so far. */
  onProgress?: ((rows: number) => void) | undefined;
}

/**
 * Lengths in tokens before cutting (of a row that is split, of its sequences together): each number
 * is at or above that share of the rows.
 */
export interface LengthQuantiles {
  min: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
}

export interface DataSurvey {
  rows: number;
  /** Tokens of one epoch after cutting. */
  tokens: number;
  /** Tokens of one epoch that are trained on. */
  labelledTokens: number;
  /** Tokens that are cut off. */
  tokensCut: number;
  truncatedRows: number;
  /** Number of sequences made from the rows: more than rows if long ones are split. */
  sequences: number;
  /** Largest number of sequences made from one row. */
  mostSequences: number;
  /** Rows that become several sequences. */
  splitRows: number;
  /** Rows that are left out for their length. */
  droppedRows: number;
  /** Rows so long that only their beginning was encoded: their length is an estimate. */
  estimatedLengths: number;
  /** Number of rows with a `{{name}}` that was not replaced, by name. */
  placeholders: Readonly<Record<string, number>>;
  /** What rows say and sequences do not hold, of good rows and bad ones. */
  leftOut: LeftOutCounts;
  /** Of the good rows; undefined where there is none. */
  lengths: LengthQuantiles | undefined;
  longest: { tokens: number; source: Source } | undefined;
  /** Rows that cannot be trained on. */
  badRows: number;
  /** The first of them, in the files' order. */
  problems: { source: Source; error: DataError }[];
}

const rowsAtOnce = 64;

/** Reads, encodes and checks every row; memory holds eight bytes a row. */
export async function surveyRows(
  source: ConversationSource,
  options: SurveyOptions,
): Promise<DataSurvey> {
  const { keptProblems = 20, onProgress } = options;
  const survey: DataSurvey = {
    rows: source.rows,
    tokens: 0,
    labelledTokens: 0,
    tokensCut: 0,
    truncatedRows: 0,
    sequences: 0,
    mostSequences: 0,
    splitRows: 0,
    droppedRows: 0,
    estimatedLengths: 0,
    placeholders: {},
    leftOut: nothingLeftOut(),
    lengths: undefined,
    longest: undefined,
    badRows: 0,
    problems: [],
  };
  const lengths = new NumberList();
  const placeholders = countPlaceholders();
  let done = 0;
  for await (const results of encodeAllRows(source, options)) {
    for (const result of results) {
      addLeftOut(survey.leftOut, result.leftOut, result.source);
      if (!result.ok) {
        survey.badRows++;
        if (survey.problems.length < keptProblems) {
          survey.problems.push({ source: result.source, error: result.error });
        }
        continue;
      }
      if (result.dropped !== undefined) {
        survey.droppedRows++;
        continue;
      }
      const { encoded } = result;
      let tokens = 0;
      for (const { inputIds, labelledTokens, fullLength } of encoded) {
        survey.tokens += inputIds.length;
        survey.labelledTokens += labelledTokens;
        survey.tokensCut += fullLength - inputIds.length;
        tokens += fullLength;
      }
      survey.sequences += encoded.length;
      survey.mostSequences = Math.max(survey.mostSequences, encoded.length);
      if (encoded.length > 1) survey.splitRows++;
      if (encoded.some(({ truncated }) => truncated)) survey.truncatedRows++;
      if (encoded.some(({ fullLengthEstimated }) => fullLengthEstimated)) survey.estimatedLengths++;
      if (tokens > (survey.longest?.tokens ?? 0)) {
        survey.longest = { tokens, source: result.source };
      }
      lengths.push(tokens);
      placeholders.add(encoded.flatMap(({ segments }) => segments.map(segmentText)));
    }
    done += results.length;
    onProgress?.(done);
  }
  survey.placeholders = placeholders.counts();
  survey.lengths = quantiles(lengths.toArray());
  return survey;
}

/** All rows in their order; the next ones are read while the last are encoded. */
async function* encodeAllRows(
  source: ConversationSource,
  options: EncodeRowsOptions,
): AsyncGenerator<RowResult[]> {
  const start = (first: number) => {
    const count = Math.max(0, Math.min(rowsAtOnce, source.rows - first));
    const rows = Array.from({ length: count }, (_, index) => first + index);
    const results = encodeRows(source, rows, options);
    results.catch(() => {});
    return results;
  };
  let next = start(0);
  for (let first = 0; first < source.rows; first += rowsAtOnce) {
    const current = next;
    next = start(first + rowsAtOnce);
    yield await current;
  }
}

function segmentText(segment: Segment): string {
  return "text" in segment ? segment.text : "";
}

function quantiles(lengths: Float64Array): LengthQuantiles | undefined {
  if (lengths.length === 0) return undefined;
  lengths.sort();
  const at = (share: number) =>
    lengths[Math.min(lengths.length - 1, Math.ceil(share * lengths.length) - 1)]!;
  return {
    min: lengths[0]!,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
  };
}
