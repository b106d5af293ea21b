/** A batch of rows from a file through a pipeline: bytes to write, and counts. */
import { DataError } from "../../util/errors.js";
import {
  type ConversationSource,
  openConversations,
  type SourceOptions,
} from "../conversationSource.js";
import type { CanonicalRow } from "./operator.js";
import type { ScorePerplexity } from "./operators/perplexity.js";
import type { PipelineStep } from "./pipeline.js";
import { type CleanReport, countRow, emptyReport } from "./report.js";
import { type RowOutcome, readName, rowCleaner } from "./rowCleaner.js";

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
      const started: Promise<RowOutcome>[] = [];
      if (scorePerplexity) for (let row = first; row < end; row++) started.push(cleanOne(row));
      for (let index = first; index < end; index++) {
        const outcome = await (started[index - first] ?? cleanOne(index));
        const place = source.place(index);
        countRow(report, outcome, place);
        if (outcome.row) kept.push(keptLine(outcome.row));
        if (outcome.rejected) {
          const { operator, reason } = outcome.rejected;
          const record = { ...place, operator, reason, ...(await originalRow(source, index)) };
          rejected.push(`${JSON.stringify(record)}\n`);
        }
      }
      return { kept: encode(kept), rejected: encode(rejected), report };
    },
    close: () => source.close(),
  };
}

/** The row, or its rejection where it cannot be read. */
export async function readRow(
  source: ConversationSource,
  index: number,
): Promise<CanonicalRow | RowOutcome> {
  try {
    const { conversation, rest } = await source.readWhole(index);
    const { id, messages, tools } = conversation;
    return {
      messages,
      ...(id === undefined ? {} : { id }),
      ...(tools === undefined ? {} : { tools }),
      rest,
    };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const { file, line } = source.place(index);
    const what = error.message.replace(`${file}:${line}: `, "");
    const reason = error.why === undefined ? what : `${what} (${error.why})`;
    return { rejected: { step: -1, operator: readName, reason }, changes: [] };
  }
}

/** The row as it is in the file; a row that is no JSON stays there alone. */
async function originalRow(source: ConversationSource, index: number): Promise<{ row?: unknown }> {
  try {
    return { row: await source.readValue(index) };
  } catch (error) {
    if (error instanceof DataError) return {};
    throw error;
  }
}

function keptLine({ id, messages, tools, rest }: CanonicalRow): string {
  const row = {
    ...(id === undefined ? {} : { id }),
    messages,
    ...(tools === undefined ? {} : { tools }),
    ...rest,
  };
  return `${JSON.stringify(row)}\n`;
}

function encode(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.join(""));
}
