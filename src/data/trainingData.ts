/** Micro-batches of encoded conversations, with random access. */
import { packedFeed, rowFeed } from "./batchFeed.js";
import type { ConversationSource } from "./conversationSource.js";
import { type DataSource, type JoinedSource, openDataSources } from "./dataSource.js";
import type { EncodeWorkerSettings } from "./encodeWorker.js";
import { largestRows } from "./largestRows.js";
import type { MicroBatch, TrainingSequence } from "./microBatch.js";
import { planMixture } from "./mixture.js";
import { localEncoder, type RowEncoder, threadedEncoder } from "./rowEncoder.js";
import { type DataSummary, summarise } from "./summary.js";
import type { DataCursor, TrainingDataOptions } from "./trainingOptions.js";
import { usedBatches } from "./usedBatches.js";

export interface TrainingData {
  /** Rows of one epoch. */
  readonly rows: number;
  readonly bytes: number;
  readonly files: ConversationSource["files"];
  /** Where the rows of an epoch come from. */
  readonly sources: readonly SourceShare[];
  readonly microBatchesPerEpoch: number;
  readonly cursor: DataCursor;
  /**
   * A pure function of its number, so resuming means asking for the next one. The following few are
   * prepared in the background.
   * @param number counted from 0 over the whole run, epochs following each other
   * @throws DataError when a row cannot be trained on and `onError` is `fail`
   */
  microBatch(number: number): Promise<MicroBatch>;
  /** The rows with the most tokens, each as its sequences: what a micro-batch may hold at most. */
  largest(count: number): Promise<TrainingSequence[][]>;
  /** A summary of the data, from a sample of rows spread evenly. */
  summary(sampleSize?: number): Promise<DataSummary>;
  close(): Promise<void>;
}

/** The part of a source that an epoch takes. */
export interface SourceShare {
  name: string;
  /** As the sources of its rows name them. */
  files: readonly string[];
  rowsInFiles: number;
  /** After `limit`. */
  rows: number;
  /** Rows that an epoch takes, repetitions included. */
  rowsPerEpoch: number;
}

/**
 * Opens the data of a training run or of an evaluation (`shuffle: false`). Only an index of the
 * rows is in memory; conversations are read and tokenized when needed.
 * @throws ConfigError for an unknown format, or shares that contradict each other
 * @throws DataError when a file cannot be read or its format is unknown
 */
export async function openTrainingData(options: TrainingDataOptions): Promise<TrainingData> {
  const { prefetch = 4 } = options;
  const source = await openDataSources(options.files, options, options.seed);
  let encoder: RowEncoder | undefined;
  const close = async () => {
    await encoder?.close();
    await source.close();
  };
  try {
    const mixture = planMixture({
      ...options,
      sources: source.sources.map(({ name, rows }, index) => ({
        ...shareOf(options.files[index]!),
        name,
        rows,
      })),
    });
    const rowEncoder = openEncoder(source, options);
    encoder = rowEncoder;
    const feed = options.packing
      ? await packedFeed(mixture, rowEncoder, options)
      : rowFeed(mixture, rowEncoder, options);
    const { microBatchesPerEpoch } = feed;
    const { rowsPerEpoch } = mixture;
    const ahead = new Map<number, Promise<MicroBatch[]>>();
    const handOut = usedBatches();
    const start = (number: number) => {
      const unit = feed.unitOf(number);
      const known = ahead.get(unit);
      if (known) return known;
      const batches = feed.load(number);
      // An error is reported when its micro-batch is requested, not earlier.
      batches.catch(() => {});
      ahead.set(unit, batches);
      return batches;
    };
    return {
      rows: rowsPerEpoch,
      bytes: source.bytes,
      files: source.files,
      sources: source.sources.map((own, index) => ({
        ...own,
        rowsPerEpoch: mixture.taken[index]!,
      })),
      microBatchesPerEpoch,
      cursor: { rows: rowsPerEpoch, microBatchesPerEpoch },
      async microBatch(number) {
        const [first, last] = [feed.unitOf(number), feed.unitOf(number + prefetch)];
        for (const unit of ahead.keys()) if (unit < first || unit > last) ahead.delete(unit);
        const wanted = start(number);
        for (let next = number + 1; next <= number + prefetch; next++) start(next);
        const batch = (await wanted).find((one) => one.number === number)!;
        if (options.workers) handOut(batch);
        return batch;
      },
      largest: (count) =>
        largestRows(
          source,
          rowEncoder,
          count,
          options.overLength === "split" ? undefined : options.maxSeqLength,
        ),
      summary: (sampleSize) => summarise(source, options, sampleSize),
      async close() {
        if (!options.workers) await Promise.allSettled(ahead.values());
        ahead.clear();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function shareOf(source: string | DataSource) {
  if (typeof source === "string") return {};
  return { weight: source.weight, repeat: source.repeat };
}

function openEncoder(source: JoinedSource, options: TrainingDataOptions): RowEncoder {
  const local = localEncoder(source, options);
  const { workers } = options;
  if (!workers) return local;
  return threadedEncoder(workerSettings(options, source), workers.threads, local);
}

/** What a thread needs, without what cannot be cloned; it is to find the files as they are here. */
function workerSettings(options: TrainingDataOptions, source: JoinedSource): EncodeWorkerSettings {
  const { files, seed, workers, template, tokenizer, onProgress, ...plain } = options;
  const states = source.files.flatMap(({ file, state }) => (state ? [[file, state] as const] : []));
  const watch = options.watch && Object.fromEntries(states);
  return {
    sources: files,
    seed,
    options: { ...plain, watch },
    tokenizerPath: workers!.tokenizerPath,
    tokenizerOptions: tokenizer.options,
    templateName: template.name,
    templateVariables: template.variables,
  };
}
