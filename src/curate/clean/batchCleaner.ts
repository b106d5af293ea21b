/** A batch of rows from a file through a pipeline: bytes to write, and counts. */
import { isUtf8 } from "node:buffer";
import {
  type ConversationSource,
  openConversations,
  type SourceOptions,
  writeConversation,
} from "../../data/index.js";
import { DataError, withWhy } from "../../util/errors.js";
import { stringifyJson } from "../../util/json/index.js";
import type { CanonicalRow } from "./operator.js";
import type { ScorePerplexity } from "./operators/perplexity.js";
import type { PipelineStep } from "./pipeline.js";
import { type CleanReport, countRow, emptyReport } from "./report.js";
import { checkName, type RowOutcome, readName, rowCleaner } from "./rowCleaner.js";

/** What a batch cleaner needs; plain data, so that it reaches a worker thread. */
export interface BatchCleanerSettings {
  files: readonly string[];
  source: SourceOptions;
  steps: readonly PipelineStep[];
}

/** Rows `first` to before `end`. */
export interface RowRange {
  first: number;
  end: number;
}

export interface CleanedBatch {
  /** JSONL of the rows that stay. */
  kept: Uint8Array;
  /** JSONL of the rows that go, each with file, line, operator, reason and the row as it was. */
  rejected: Uint8Array;
  report: CleanReport;
}

export interface BatchCleaner {
  clean(range: RowRange): Promise<CleanedBatch>;
  close(): Promise<void>;
}

/**
 * Opens the files and prepares the operators.
 * @param scorePerplexity what filter_perplexity asks; with it the rows of a batch go side by side
 * @throws ConfigError, DataError as opening files and preparing operators do
 */
export async function openBatchCleaner(
  { files, source: options, steps }: BatchCleanerSettings,
  scorePerplexity?: ScorePerplexity,
): Promise<BatchCleaner> {
  const cleanRow = rowCleaner(steps, scorePerplexity);
  const source = await openConversations(files, { ...options, checked: false });
  const cleanOne = async (index: number): Promise<RowOutcome> => {
    const row = await readRow(source, index);
    return "messages" in row ? cleanRow(row) : row;
  };
  return {
    async clean({ first, end }) {
      const report = emptyReport(steps);
      const kept: string[] = [];
      const rejected: string[] = [];
      const together = scorePerplexity ? await readRows(source, first, end) : [];
      const started = together.map(async (row) => ("messages" in row ? cleanRow(row) : row));
      for (let index = first; index < end; index++) {
        const place = source.place(index);
        let outcome = await (started[index - first] ?? cleanOne(index));
        if (outcome.row) {
          const line = lineOf(outcome.row, steps.length);
          if (typeof line === "string") kept.push(line);
          else outcome = { ...line, changes: outcome.changes };
        }
        countRow(report, outcome, place);
        if (outcome.rejected) {
          const { operator, reason } = outcome.rejected;
          const record = { ...place, operator, reason, ...(await originalRow(source, index)) };
          rejected.push(`${stringifyJson(record)}\n`);
        }
      }
      return { kept: encode(kept), rejected: encode(rejected), report };
    },
    close: () => source.close(),
  };
}

async function readRows(
  source: ConversationSource,
  first: number,
  end: number,
): Promise<(CanonicalRow | RowOutcome)[]> {
  const rows: (CanonicalRow | RowOutcome)[] = [];
  for (let index = first; index < end; index++) rows.push(await readRow(source, index));
  return rows;
}

/** The row, or its rejection where it cannot be read. */
export async function readRow(
  source: ConversationSource,
  index: number,
): Promise<CanonicalRow | RowOutcome> {
  try {
    const { conversation, rest } = await source.readWhole(index);
    const { source: _place, ...row } = conversation;
    return { ...row, rest };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const { file, line } = source.place(index);
    return rejection(-1, readName, error, `${file}:${line}: `);
  }
}

/**
 * The row as it is in the file: parsed, or where it is no JSON its text, or where it is no UTF-8 its bytes.
 * Of a row that is too long to be read nothing is repeated.
 */
async function originalRow(
  source: ConversationSource,
  index: number,
): Promise<{ row?: unknown; text?: string; base64?: string }> {
  try {
    return { row: await source.readValue(index) };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
  }
  let bytes: Buffer;
  try {
    bytes = await source.readBytes(index);
  } catch (error) {
    if (error instanceof DataError) return {};
    throw error;
  }
  const line = withoutLineEnd(bytes);
  return isUtf8(line) ? { text: line.toString("utf8") } : { base64: line.toString("base64") };
}

function withoutLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end--;
  return bytes.subarray(0, end);
}

/** What is written of a row; a rejection where the canonical format has no place for it. */
function lineOf({ rest, ...conversation }: CanonicalRow, steps: number): string | RowOutcome {
  try {
    return `${stringifyJson(writeConversation({ conversation, rest }))}\n`;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return rejection(steps, checkName, error);
  }
}

function rejection(step: number, operator: string, error: DataError, place = ""): RowOutcome {
  const reason = withWhy(error.message.replace(place, ""), error.why);
  return { rejected: { step, operator, reason }, changes: [] };
}

function encode(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join(""));
}
