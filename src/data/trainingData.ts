/** Micro-batches of encoded conversations, any of them at any time. */
import type { Source } from "../text/index.js";
import { planBatches } from "./batchPlan.js";
import {
  type ConversationSource,
  openConversations,
  type SourceOptions,
} from "./conversationSource.js";
import { type EncodeRowsOptions, encodeRows } from "./encodeRows.js";
import { type DataSummary, summarise } from "./summary.js";

export interface TrainingDataOptions extends SourceOptions, EncodeRowsOptions {
  files: readonly string[];
  maxSeqLength: number;
  /** Conversations in a micro-batch of one process. */
  batchSize: number;
  /** Seed of the order. */
  seed: number;
  /** A new order every epoch. Default true; false takes the rows as they come. */
  shuffle?: boolean | undefined;
  embeddingRows: number;
  /** Number of this process, from 0. Default 0. */
  rank?: number | undefined;
  /** Number of processes. Default 1. */
  worldSize?: number | undefined;
  /** What to do with a row that cannot be trained on. Default `fail`. */
  onError?: "fail" | "skip" | undefined;
  /** Micro-batches made ready beforehand. Default 4. */
  prefetch?: number | undefined;
}

/** One conversation, as it goes into a packed row. */
export interface TrainingSequence {
  /** [length] */
  inputIds: Int32Array;
  /** [length]; what position i itself should be (unshifted), -100 where nothing is learnt. */
  labels: Int32Array;
  source: Source;
}

export interface MicroBatch {
  /** Counted from 0 over the whole run. */
  number: number;
  /** From 0. */
  epoch: number;
  /** Empty only where a rank gets none of an epoch's last rows, or all were skipped. */
  sequences: TrainingSequence[];
  tokens: number;
  labelledTokens: number;
  /** Sequences that were cut at the maximal length. */
  truncated: number;
  /** Rows left out, with `onError: "skip"`. */
  skipped: { source: Source; reason: string }[];
}

export interface TrainingData {
  /** Rows of all files. */
  readonly rows: number;
  readonly bytes: number;
  readonly files: ConversationSource["files"];
  readonly microBatchesPerEpoch: number;
  /**
   * A pure function of its number, so that resuming is asking for the next one. The following few
   * are made ready meanwhile.
   * @param number counted from 0 over the whole run, epochs following each other
   * @throws DataError when a row cannot be trained on and `onError` is `fail`
   */
  microBatch(number: number): Promise<MicroBatch>;
  /** What the data are like, from a sample of rows spread evenly. */
  summary(sampleSize?: number): Promise<DataSummary>;
  close(): Promise<void>;
}

/**
 * Opens the data of a training run or of an evaluation (`shuffle: false`). Only an index of the
 * rows is held in memory; conversations are read and tokenised as they are needed.
 * @throws ConfigError for an unknown format
 * @throws DataError when a file cannot be read or its format is unknown
 */
export async function openTrainingData(options: TrainingDataOptions): Promise<TrainingData> {
  const { prefetch = 4 } = options;
  const source = await openConversations(options.files, options);
  const plan = planBatches({ ...options, rows: source.rows });
  const ahead = new Map<number, Promise<MicroBatch>>();
  const start = (number: number) => {
    const known = ahead.get(number);
    if (known) return known;
    const planned = plan.microBatch(number);
    const batch = makeBatch(source, planned.rows, number, planned.epoch, options);
    // One that fails ahead of its time is reported when it is asked for.
    batch.catch(() => {});
    ahead.set(number, batch);
    return batch;
  };
  return {
    rows: source.rows,
    bytes: source.bytes,
    files: source.files,
    microBatchesPerEpoch: plan.microBatchesPerEpoch,
    microBatch(number) {
      for (const held of ahead.keys()) {
        if (held < number || held > number + prefetch) ahead.delete(held);
      }
      const wanted = start(number);
      for (let next = number + 1; next <= number + prefetch; next++) start(next);
      return wanted;
    },
    summary: (sampleSize) => summarise(source, options, sampleSize),
    async close() {
      await Promise.allSettled(ahead.values());
      ahead.clear();
      await source.close();
    },
  };
}

async function makeBatch(
  source: ConversationSource,
  rows: readonly number[],
  number: number,
  epoch: number,
  options: TrainingDataOptions,
): Promise<MicroBatch> {
  const batch: MicroBatch = {
    number,
    epoch,
    sequences: [],
    tokens: 0,
    labelledTokens: 0,
    truncated: 0,
    skipped: [],
  };
  for (const result of await encodeRows(source, rows, options)) {
    if (!result.ok) {
      if (options.onError !== "skip") throw result.error;
      batch.skipped.push({ source: result.source, reason: result.error.message });
      continue;
    }
    for (const { inputIds, labels, labelledTokens, truncated } of result.encoded) {
      batch.sequences.push({ inputIds, labels, source: result.source });
      batch.tokens += inputIds.length;
      batch.labelledTokens += labelledTokens;
      if (truncated) batch.truncated++;
    }
  }
  return batch;
}
