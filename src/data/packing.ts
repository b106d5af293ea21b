/** Packing: micro-batches of about equally many tokens, known by number before any row is read. */
import { rankShare } from "./batchPlan.js";
import { permutation } from "./permutation.js";

export interface PackingPlanOptions {
  /** Rows of one epoch, over all ranks. */
  rows: number;
  /** Tokens of a row on average, after cutting. */
  tokensPerRow: number;
  /** Tokens of one micro-batch of one rank, about. */
  tokenBudget: number;
  /** Number of this process. Default 0. */
  rank?: number | undefined;
  /** Number of processes. Default 1. */
  worldSize?: number | undefined;
  /** Micro-batches of an epoch, where a checkpoint knows them already. */
  microBatchesPerEpoch?: number | undefined;
}

/** Rows that are packed together into a fixed number of micro-batches. */
export interface PackingSpan {
  /** From 0, over the whole run. */
  number: number;
  epoch: number;
  /** Places `[from, to)` of the epoch's order: this rank's rows. */
  from: number;
  to: number;
  /** Micro-batches that the rows become. */
  bins: number;
  /** Number of the first of them, over the whole run. */
  firstBatch: number;
}

export interface PackingPlan {
  /** The same on every rank. */
  microBatchesPerEpoch: number;
  /** The span that a micro-batch belongs to. @param number counted over the whole run */
  spanOf(number: number): PackingSpan;
}

/** Rows of a span and rank: enough that sums of their lengths vary little, few enough to encode at once. */
const spanRows = 64;

/**
 * Divides an epoch into spans, by arithmetic alone. The number of micro-batches follows from the
 * average length, so that it is the same on every rank and known in advance; a micro-batch can
 * therefore be a few percent above or below the budget.
 */
export function planPacking(options: PackingPlanOptions): PackingPlan {
  const { rows, tokensPerRow, tokenBudget, rank = 0, worldSize = 1 } = options;
  const microBatchesPerEpoch =
    options.microBatchesPerEpoch ??
    Math.max(1, Math.ceil((rows * tokensPerRow) / (tokenBudget * worldSize)));
  const rowsPerBatch = rows / (microBatchesPerEpoch * worldSize);
  const batchesPerSpan = Math.max(1, Math.ceil(spanRows / rowsPerBatch));
  const spansPerEpoch = Math.ceil(microBatchesPerEpoch / batchesPerSpan);
  const placeOf = (batch: number) => Math.floor((rows * batch) / microBatchesPerEpoch);
  return {
    microBatchesPerEpoch,
    spanOf(number) {
      const epoch = Math.floor(number / microBatchesPerEpoch);
      const inEpoch = Math.floor((number % microBatchesPerEpoch) / batchesPerSpan);
      const first = inEpoch * batchesPerSpan;
      const last = Math.min(first + batchesPerSpan, microBatchesPerEpoch);
      const [from, to] = rankShare(placeOf(first), placeOf(last), rank, worldSize);
      return {
        number: epoch * spansPerEpoch + inEpoch,
        epoch,
        from,
        to,
        bins: last - first,
        firstBatch: epoch * microBatchesPerEpoch + first,
      };
    },
  };
}

/**
 * Deals sequences into bins of about equally many tokens: the longest first, each into the bin with
 * the fewest tokens so far (Graham, "Bounds on Multiprocessing Timing Anomalies", 1969: the fullest
 * bin has at most 4/3 of what is possible). Sequences of a bin keep their order; the bins' order is
 * shuffled, since the longest sequences are dealt to the first ones.
 * @param lengths tokens of each sequence
 * @returns for each bin, the indexes of its sequences
 */
export function packSpan(lengths: readonly number[], bins: number, seed: number): number[][] {
  const order = lengths.map((_, index) => index);
  order.sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const tokens = new Float64Array(bins);
  const packed: number[][] = Array.from({ length: bins }, () => []);
  for (const index of order) {
    let emptiest = 0;
    for (let bin = 1; bin < bins; bin++) if (tokens[bin]! < tokens[emptiest]!) emptiest = bin;
    tokens[emptiest]! += lengths[index]!;
    packed[emptiest]!.push(index);
  }
  for (const bin of packed) bin.sort((a, b) => a - b);
  const place = permutation(seed, 0, bins);
  return packed.map((_, index) => packed[place(index)]!);
}
