/** Rows that a run leaves out for good, after a step with them was not finite. */
import type { MicroBatch } from "../../data/index.js";
import { countLabelled } from "../pass.js";

/** As a checkpoint keeps it. */
export interface LeftOutRow {
  file: string;
  line: number;
  /** The step that was not finite. */
  step: number;
}

/** A micro-batch without these rows; they are listed among its skipped ones. */
export function withoutRows(batch: MicroBatch, leftOut: readonly LeftOutRow[]): MicroBatch {
  if (leftOut.length === 0) return batch;
  const gone = new Map(leftOut.map((row) => [`${row.file}:${row.line}`, row]));
  const stepOf = ({ source }: MicroBatch["sequences"][number]) =>
    gone.get(`${source.file}:${source.line}`)?.step;
  const sequences = batch.sequences.filter((one) => stepOf(one) === undefined);
  if (sequences.length === batch.sequences.length) return batch;
  const skipped = batch.sequences.flatMap((one) => {
    const step = stepOf(one);
    const { source } = one;
    if (step === undefined) return [];
    return [
      { source, reason: `${source.file}:${source.line}: step ${step} was not finite with it` },
    ];
  });
  return {
    ...batch,
    sequences,
    tokens: sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0),
    labelledTokens: countLabelled(sequences),
    skipped: [...batch.skipped, ...skipped],
  };
}
