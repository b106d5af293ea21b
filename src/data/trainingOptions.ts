/** What training data are opened with. */
import type { DataSource, JoinOptions } from "./dataSource.js";
import type { EncodeRowsOptions } from "./encodeRows.js";

export interface TrainingDataOptions extends JoinOptions, EncodeRowsOptions {
  /** Files, or sources with the share of each. */
  files: readonly (string | DataSource)[];
  maxSeqLength: number;
  /** Conversations in a micro-batch of one process; with `packing`, its budget in `maxSeqLength`s. */
  batchSize: number;
  /** Micro-batches of about `batchSize * maxSeqLength` tokens instead. Default false. */
  packing?: boolean | undefined;
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
  /** Encode in worker threads. Default: in this thread. Does not change what comes. */
  workers?: WorkerOptions | undefined;
  /** Micro-batches made ready beforehand. Default 4. */
  prefetch?: number | undefined;
  /** What a checkpoint noted, so that nothing of it has to be found out again. */
  cursor?: DataCursor | undefined;
}

export interface WorkerOptions {
  threads: number;
  /** Where each thread loads the tokenizer from; the template goes by its name. */
  tokenizerPath: string;
}

/** Beside the number of the next micro-batch, all that going on with a run needs to know. */
export interface DataCursor {
  /** Rows of one epoch. */
  rows: number;
  microBatchesPerEpoch: number;
}
