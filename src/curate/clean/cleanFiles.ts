/** Cleans files of any known format, on all cores, in bounded memory; a killed run can be resumed. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import {
  type ConversationSource,
  checkNotRead,
  checkOutName,
  openConversations,
  resolveSources,
  type SourceOptions,
} from "../../data/index.js";
import { mapInOrder, workerPool } from "../../util/workerPool.js";
import {
  type BatchCleanerSettings,
  type CleanedBatch,
  openBatchCleaner,
  type RowRange,
} from "./batchCleaner.js";
import { type CleanPaths, cleanPaths, openCleanOutput, runHash } from "./cleanOutput.js";
import { perplexityOperator, type ScorePerplexity } from "./operators/perplexity.js";
import type { PipelineStep } from "./pipeline.js";
import { type CleanReport, emptyReport } from "./report.js";
import { rowCleaner } from "./rowCleaner.js";

export interface CleanOptions {
  /** How files are read. */
  source?: SourceOptions | undefined;
  steps: readonly PipelineStep[];
  /** Worker threads. Default: as many as the machine has cores. */
  threads?: number | undefined;
  /** Only the first rows. */
  limit?: number | undefined;
  /** Start over even if a stopped run could be resumed. */
  restart?: boolean | undefined;
  /** Saves and stops when it aborts. */
  signal?: AbortSignal | undefined;
  /** What filter_perplexity asks, and the name of its model. The operators then run in this thread. */
  perplexity?: { model: string; score: ScorePerplexity } | undefined;
  /** Least milliseconds between two times that progress is saved. Default 2000. */
  saveEveryMs?: number | undefined;
  /** Called with the number of rows written so far, including those of the run that it resumes. */
  onRows?: ((rows: number, total: number) => void) | undefined;
}

export interface CleanResult {
  report: CleanReport;
  /** True if `signal` stopped it: the same call resumes it. */
  stopped: boolean;
  /** Rows that an earlier, stopped run had completed. */
  resumedRows: number;
  paths: CleanPaths;
}

const batchBytes = 1 << 20;
const maxBatchRows = 256;
const batchesAhead = 2;

/**
 * Writes the rows that stay to `out` (whole or not at all), the others with operator and reason to
 * `<out>.rejected.jsonl`, and the counts to `<out>.report.json`. The files do not depend on the
 * number of threads, nor on how often the run was stopped or killed.
 * @throws ConfigError for options that make no sense, or when `out` cannot be written
 * @throws DataError when a file cannot be read or its format is unknown
 */
export async function cleanFiles(
  names: readonly string[],
  out: string,
  options: CleanOptions,
): Promise<CleanResult> {
  const { steps, signal, restart, limit = Infinity, saveEveryMs = 2000, onRows } = options;
  // Options that no operator takes are refused here, before a large file is gone through.
  rowCleaner(steps, options.perplexity?.score);
  const files = await resolveSources(names, options.source);
  checkNotRead([out], files);
  checkOutName(out);
  const { onProgress, ...source } = options.source ?? {};
  const settings: BatchCleanerSettings = { files, source, steps };
  const paths = cleanPaths(out);
  // What the threads open afterwards has its index already.
  const input = await openConversations(files, { ...source, onProgress });
  const total = Math.min(input.rows, limit);
  let runner: Runner | undefined;
  try {
    const stamps = [await fileStamps(files), await wordStamps(steps)];
    const run = runHash([settings, stamps, limit, options.perplexity?.model]);
    runner = await openRunner(settings, options);
    const output = await openCleanOutput(paths, run, emptyReport(steps), { restart });
    try {
      const { report } = output;
      const resumedRows = report.rows_in;
      let saved = Date.now();
      const ranges = rowRanges(input, resumedRows, total, signal);
      for await (const batch of mapInOrder(ranges, runner.run, runner.ahead)) {
        await output.write(batch);
        onRows?.(report.rows_in, total);
        if (Date.now() - saved < saveEveryMs) continue;
        await output.save();
        saved = Date.now();
      }
      const stopped = report.rows_in < total;
      if (stopped) await output.save();
      else await output.finish();
      return { report, stopped, resumedRows, paths };
    } finally {
      await output.close();
    }
  } finally {
    await runner?.close();
    await input.close();
  }
}

interface Runner {
  run(range: RowRange): Promise<CleanedBatch>;
  /** Batches that are being worked on or wait to be written. */
  ahead: number;
  close(): Promise<void>;
}

/** Threads; or this thread alone where a model has to be asked. */
async function openRunner(
  settings: BatchCleanerSettings,
  { threads = availableParallelism(), perplexity }: CleanOptions,
): Promise<Runner> {
  const asksModel = settings.steps.some(({ operator }) => operator === perplexityOperator.name);
  if (asksModel) {
    const cleaner = await openBatchCleaner(settings, perplexity?.score);
    return { run: cleaner.clean, ahead: 1, close: cleaner.close };
  }
  const entry = new URL("./cleanWorker", import.meta.url);
  const pool = workerPool<BatchCleanerSettings, RowRange, CleanedBatch>(entry, settings, threads);
  return { run: pool.run, ahead: threads * batchesAhead, close: pool.close };
}

/** Batches by the bytes of their rows: 256 rows may be a few kilobytes, or gigabytes. */
function* rowRanges(
  input: ConversationSource,
  first: number,
  total: number,
  signal: AbortSignal | undefined,
): Generator<RowRange> {
  for (let row = first; row < total && !signal?.aborted; ) {
    const range = { first: row, end: row };
    for (let bytes = 0; row < total && row < range.first + maxBatchRows; row++) {
      bytes += input.rowBytes(row);
      if (bytes > batchBytes && row > range.first) break;
    }
    yield { ...range, end: row };
  }
}

async function fileStamps(files: readonly string[]): Promise<unknown[]> {
  return Promise.all(
    files.map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return [size, mtimeMs];
    }),
  );
}

/** What the files that options name hold: other words make another run. */
async function wordStamps(steps: readonly PipelineStep[]): Promise<unknown[]> {
  const named = steps.flatMap(({ options: { file } }) => (typeof file === "string" ? [file] : []));
  return Promise.all(
    named.map(async (file) =>
      createHash("sha256")
        .update(await readFile(file))
        .digest("hex"),
    ),
  );
}
