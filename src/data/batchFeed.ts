/** Units of work that become micro-batches: a micro-batch's own rows, or a packing span. */
import { hashKey } from "../util/hash.js";
import { planBatches } from "./batchPlan.js";
import { type MicroBatch, microBatchOf, sortRows } from "./microBatch.js";
import type { Mixture } from "./mixture.js";
import { packSpan, planPacking } from "./packing.js";
import type { RowEncoder } from "./rowEncoder.js";
import type { TrainingDataOptions } from "./trainingOptions.js";

export interface BatchFeed {
  microBatchesPerEpoch: number;
  /** Number of the unit that makes a micro-batch. */
  unitOf(number: number): number;
  /** The micro-batches of the unit that makes micro-batch `number`. */
  load(number: number): Promise<MicroBatch[]>;
}

/** As many rows in each micro-batch. */
export function rowFeed(
  mixture: Mixture,
  encoder: RowEncoder,
  options: TrainingDataOptions,
): BatchFeed {
  const plan = planBatches({ ...options, rows: mixture.rowsPerEpoch, rowAt: mixture.rowAt });
  return {
    microBatchesPerEpoch: plan.microBatchesPerEpoch,
    unitOf: (number) => number,
    async load(number) {
      const { rows, epoch } = plan.microBatch(number);
      const { sequences, skipped } = sortRows(await encoder.encode(rows), options.onError);
      return [microBatchOf(number, epoch, sequences, skipped)];
    },
  };
}

/** About as many tokens in each micro-batch: `batchSize` times `maxSeqLength`. */
export async function packedFeed(
  mixture: Mixture,
  encoder: RowEncoder,
  options: TrainingDataOptions,
): Promise<BatchFeed> {
  const { rowsPerEpoch, rowAt } = mixture;
  const known = options.cursor?.rows === rowsPerEpoch ? options.cursor : undefined;
  const plan = planPacking({
    ...options,
    rows: rowsPerEpoch,
    tokenBudget: options.batchSize * options.maxSeqLength,
    microBatchesPerEpoch: known?.microBatchesPerEpoch,
    tokensPerRow: known ? Number.NaN : await averageTokens(mixture, encoder),
  });
  return {
    microBatchesPerEpoch: plan.microBatchesPerEpoch,
    unitOf: (number) => plan.spanOf(number).number,
    async load(number) {
      const span = plan.spanOf(number);
      const { epoch, from, to, bins, firstBatch } = span;
      const rows = Array.from({ length: to - from }, (_, index) => rowAt(epoch, from + index));
      const { sequences, skipped } = sortRows(await encoder.encode(rows), options.onError);
      const lengths = sequences.map(({ inputIds }) => inputIds.length);
      const packed = packSpan(lengths, bins, hashKey(options.seed, span.number));
      return packed.map((indexes, bin) => {
        const own = indexes.map((index) => sequences[index]!);
        return microBatchOf(firstBatch + bin, epoch, own, bin === 0 ? skipped : []);
      });
    },
  };
}

/** Rows that the average length is taken from. */
const sampledRows = 128;

/** Mean tokens of a row, from rows spread evenly over the sources in their shares of an epoch. */
async function averageTokens(mixture: Mixture, encoder: RowEncoder): Promise<number> {
  const rows = mixture.spread(sampledRows);
  let tokens = 0;
  let good = 0;
  for (const row of await encoder.encode(rows)) {
    if (!row.ok) continue;
    good++;
    for (const { inputIds } of row.sequences) tokens += inputIds.length;
  }
  return good === 0 ? 1 : tokens / good;
}
