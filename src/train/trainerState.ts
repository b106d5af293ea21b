/** What a checkpoint holds beside weights and run files: the optimizer's tensors and the counters. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { DataCursor } from "../data/index.js";
import { openSafetensors, type WeightDType, writeSafetensors } from "../format/index.js";
import { type DType, empty, type Tensor, tensor, tidy } from "../tensor/index.js";
import { finiteOrText } from "./finiteOrText.js";
import { readVersioned } from "./versionedFile.js";

const OPTIMIZER = "optimizer.safetensors";
const STATE = "trainer_state.json";

const count = z.number().int().min(0);
const metric = z.object({ step: count, value: z.number() });
/** JSON has no NaN. */
const anyNumber = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]);
const dtypes = ["float32", "bfloat16", "float16"] as const;

/** `trainer_state.json`. Version 0 is what was written before there was a `version`. */
const stateSchema = z.object({
  version: z.literal([0, 1]).default(0),
  /** Optimizer steps done, those that were skipped included. */
  step: count,
  /** Over all attempts, as everything that follows. */
  tokens: count,
  labelledTokens: count,
  sequences: count,
  /** Sum over `lossSteps` of the mean loss. Version 0 let a loss that was no number in, as null. */
  lossSum: z.number().nullable(),
  /** Steps whose loss was finite; absent in version 0, where it was all of them. */
  lossSteps: count.optional(),
  /** Steps that changed nothing, because their gradients were not finite (float16). */
  skippedSteps: count.default(0),
  /** How many of them came last, without a good one in between. */
  skippedInRow: count.default(0),
  /** Model operations, for MFU. */
  operations: z.number().min(0),
  seconds: z.number().min(0),
  lossScale: z.object({ value: z.number().min(0), goodSteps: count }),
  /** Number type of the products; a resumed run keeps it, so that its numbers are the same. */
  productDtype: z.enum(dtypes),
  /** Bytes of activations that are kept, null for all: a resumed run keeps the same ones. */
  keepBytes: count.nullable().optional(),
  /** What memory has limited in passes: a resumed run takes batches apart in the same way. */
  passLimits: z
    .object({ atOnceTokens: count.optional(), logitElements: count.optional() })
    .optional(),
  data: z.object({ rows: count, microBatchesPerEpoch: count }).optional(),
  /** Losses and gradient norms of the last steps, which spikes stand out from. */
  spikes: z.object({ loss: z.array(z.number()), grad_norm: z.array(z.number()) }).optional(),
  /** The last step with a spike. */
  spikedStep: count.optional(),
  /** The last held-out loss, the best one, and the best one of a step that was saved. */
  evaluated: metric.optional(),
  best: metric.optional(),
  bestCheckpoint: metric.optional(),
  /** Evaluations in a row that were no gain, for early_stopping_patience. */
  withoutGain: count.optional(),
  /** Rows that are left out for good, and how often the run went back to a checkpoint for that. */
  leftOut: z.array(z.object({ file: z.string(), line: count, step: count })).optional(),
  rollbacks: count.optional(),
  /** Sums since the last step event, which the next one tells; absent where versions left them out. */
  sums: z
    .object({
      steps: count,
      loss: z.number(),
      lossUnits: count,
      tokens: count,
      units: count,
      skipped: count,
      splitBatches: count,
      seconds: z.number().min(0),
      dataWait: z.number().min(0),
      learningRate: z.number(),
      gradNorm: anyNumber,
      sources: z.record(z.string(), z.object({ loss: z.number(), tokens: count })),
    })
    .optional(),
  /**
   * The last steps whose held-out loss, sample answers, dialogue and scores are on record. A checkpoint may lie
   * between a step and these; whoever goes on from it makes them up.
   */
  onRecord: z
    .object({
      evaluation: count.optional(),
      sample: count.optional(),
      dialogue: count.optional(),
      benchmark: count.optional(),
    })
    .optional(),
});

/**
 * Counters of a run. The data cursor is `step` itself and `data`: what a step is trained on is a
 * function of these and the seed.
 */
export interface TrainerState
  extends Omit<
    z.output<typeof stateSchema>,
    "version" | "lossSum" | "lossSteps" | "productDtype" | "data" | "sums" | "onRecord"
  > {
  productDtype: DType;
  lossSum: number;
  lossSteps: number;
  data?: DataCursor;
  sums: StepSums;
  onRecord: NonNullable<z.output<typeof stateSchema>["onRecord"]>;
}

/** What is summed for the next step event. */
export type StepSums = NonNullable<z.output<typeof stateSchema>["sums"]>;

/** The sums behind a step event. */
export function noSums(): StepSums {
  return {
    steps: 0,
    loss: 0,
    lossUnits: 0,
    tokens: 0,
    units: 0,
    skipped: 0,
    splitBatches: 0,
    seconds: 0,
    dataWait: 0,
    learningRate: 0,
    gradNorm: 0,
    sources: {},
  };
}

/** The counters of a run that begins. */
export function initialTrainerState(
  given: Pick<TrainerState, "lossScale" | "productDtype">,
): TrainerState {
  return {
    step: 0,
    tokens: 0,
    labelledTokens: 0,
    sequences: 0,
    lossSum: 0,
    lossSteps: 0,
    skippedSteps: 0,
    skippedInRow: 0,
    operations: 0,
    seconds: 0,
    sums: noSums(),
    onRecord: {},
    ...given,
  };
}

const stored: Readonly<Record<string, WeightDType>> = { float32: "F32", uint8: "U8" };

/** Writes named tensors of float32 or uint8. */
export function writeTensors(file: string, tensors: ReadonlyMap<string, Tensor>): void {
  writeSafetensors(
    file,
    [...tensors].map(([name, value]) => ({
      name,
      dtype: stored[value.dtype]!,
      shape: [...value.shape],
      data: () => tidy(() => value.detach().to({ device: "cpu" }).contiguous().bytes()),
    })),
  );
}

/** Reads what {@link writeTensors} wrote; the caller's to dispose. */
export function readTensors(file: string): Map<string, Tensor> {
  const source = openSafetensors(file);
  try {
    return new Map(
      source.names().map((name) => {
        const { shape, dtype } = source.info(name);
        const type = dtype === "U8" ? "uint8" : "float32";
        const value = empty([...shape], { dtype: type });
        for (const { start, count, data } of source.chunks(name)) {
          tidy(() => {
            value
              .view([-1])
              .narrow(0, start, count)
              .copy_(tensor(data, [count], type));
          });
        }
        return [name, value];
      }),
    );
  } finally {
    source.close();
  }
}

export function writeTrainerState(
  directory: string,
  state: TrainerState,
  optimizer: ReadonlyMap<string, Tensor>,
): void {
  writeTensors(path.join(directory, OPTIMIZER), optimizer);
  const text = JSON.stringify({ version: 1, ...state }, finiteOrText, 2);
  writeFileSync(path.join(directory, STATE), `${text}\n`);
}

/** @throws CheckpointError where the counters cannot be read or are not what this version knows. */
export function readTrainerState(directory: string): {
  state: TrainerState;
  optimizer: Map<string, Tensor>;
} {
  const file = path.join(directory, STATE);
  const state = parseState(file);
  return { state, optimizer: readTensors(path.join(directory, OPTIMIZER)) };
}

function parseState(file: string): TrainerState {
  const parsed = readVersioned(file, stateSchema, { newest: 1, known: "versions 0 and 1" });
  const { version: _version, lossSum, lossSteps, data, ...counters } = parsed;
  const { step, sums = noSums(), onRecord } = parsed;
  return {
    ...counters,
    sums,
    // Versions without it saved a checkpoint behind everything else of its step.
    onRecord: onRecord ?? { evaluation: step, sample: step, dialogue: step, benchmark: step },
    lossSum: lossSum ?? 0,
    lossSteps: lossSum === null ? 0 : (lossSteps ?? counters.step),
    ...(data === undefined ? {} : { data }),
  };
}
