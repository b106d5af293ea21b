/** What a checkpoint holds beside weights and run files: the optimizer's tensors and the counters. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { DataCursor } from "../data/index.js";
import { openSafetensors, type WeightDType, writeSafetensors } from "../format/index.js";
import { type DType, empty, type Tensor, tensor, tidy } from "../tensor/index.js";
import { CheckpointError } from "../util/errors.js";
import type { LossScale } from "./lossScale.js";

const OPTIMIZER = "optimizer.safetensors";
const STATE = "trainer_state.json";

/**
 * Counters of a run. The data cursor is `step` itself and `data`: what a step is trained on is a
 * function of these and the seed.
 */
export interface TrainerState {
  /** Optimizer steps done. */
  step: number;
  /** Over all attempts. */
  tokens: number;
  labelledTokens: number;
  sequences: number;
  /** Sum over steps of the mean loss. */
  lossSum: number;
  /** Model operations, for MFU. */
  operations: number;
  seconds: number;
  lossScale: LossScale;
  /** Number type of the products; a resumed run keeps it, so that its numbers are the same. */
  productDtype: DType;
  data?: DataCursor;
}

const stored: Record<string, [WeightDType, DType]> = {
  float32: ["F32", "float32"],
  uint8: ["U8", "uint8"],
};

/** Writes named tensors of float32 or uint8. */
export function writeTensors(file: string, tensors: ReadonlyMap<string, Tensor>): void {
  writeSafetensors(
    file,
    [...tensors].map(([name, value]) => ({
      name,
      dtype: stored[value.dtype]![0],
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
  writeFileSync(path.join(directory, STATE), `${JSON.stringify(state, null, 2)}\n`);
}

/** @throws CheckpointError where the counters cannot be read. */
export function readTrainerState(directory: string): {
  state: TrainerState;
  optimizer: Map<string, Tensor>;
} {
  const file = path.join(directory, STATE);
  let state: TrainerState;
  try {
    state = JSON.parse(readFileSync(file, "utf8")) as TrainerState;
  } catch (cause) {
    throw new CheckpointError(`${file} cannot be read`, { why: (cause as Error).message, cause });
  }
  return { state, optimizer: readTensors(path.join(directory, OPTIMIZER)) };
}
