/** Which rows each micro-batch of a run takes: a pure function of its number. */
import { permutation } from "./permutation.js";

export interface BatchPlanOptions {
  /** Rows of one epoch. */
  rows: number;
  /** Rows of one micro-batch of one rank. */
  batchSize: number;
  seed: number;
  /** False takes the rows in the files' order. Default true. */
  shuffle?: boolean | undefined;
  /** The row at a place of an epoch, instead of a shuffle by `seed`. */
  rowAt?: ((epoch: number, index: number) => number) | undefined;
  /** Number of this process. Default 0. */
  rank?: number | undefined;
  /** Number of processes. Default 1. */
  worldSize?: number | undefined;
}

export interface PlannedBatch {
  /** From 0. */
  epoch: number;
  /** Indexes over all files, in the order in which they are trained on. */
  rows: number[];
}

export interface BatchPlan {
  /** The same on every rank. */
  microBatchesPerEpoch: number;
  /** @param number counted from 0 over the whole run, epochs following each other */
  microBatch(number: number): PlannedBatch;
}

/**
 * Every row comes once an epoch. The last micro-batch of an epoch takes what is left, shared out
 * evenly between the ranks, so ranks have disjoint rows and equally many micro-batches; with fewer
 * rows left than ranks, some ranks get an empty one.
 */
export function planBatches(options: BatchPlanOptions): BatchPlan {
  const { rows, batchSize, rank = 0, worldSize = 1 } = options;
  const rowAt = options.rowAt ?? shuffled(options);
  const across = batchSize * worldSize;
  const microBatchesPerEpoch = Math.ceil(rows / across);
  return {
    microBatchesPerEpoch,
    microBatch(number) {
      const epoch = Math.floor(number / microBatchesPerEpoch);
      const start = (number % microBatchesPerEpoch) * across;
      const [from, to] = rankShare(start, Math.min(start + across, rows), rank, worldSize);
      return {
        epoch,
        rows: Array.from({ length: to - from }, (_, index) => rowAt(epoch, from + index)),
      };
    },
  };
}

/** The part `[from, to)` of `[start, end)` that a rank takes; the ranks' parts differ by one at most. */
export function rankShare(
  start: number,
  end: number,
  rank: number,
  worldSize: number,
): [from: number, to: number] {
  const size = end - start;
  const at = (part: number) => start + Math.floor((size * part) / worldSize);
  return [at(rank), at(rank + 1)];
}

function shuffled({ seed, rows, shuffle = true }: BatchPlanOptions) {
  let order = { epoch: -1, rowAt: (index: number) => index };
  return (epoch: number, index: number) => {
    if (shuffle && order.epoch !== epoch) {
      order = { epoch, rowAt: permutation(seed, epoch, rows) };
    }
    return order.rowAt(index);
  };
}
