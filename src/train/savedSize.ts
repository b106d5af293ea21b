/** How large checkpoints and results are, from sizes alone. */
import type { DeviceConfig } from "./config/index.js";

/** Bytes of an optimizer's state for each trained weight. */
const stateBytes = { adamw: 8, adamw8bit: 2, sgd: 0 } as const;

/**
 * Bytes that a checkpoint has at least: what is trained, and the optimizer's state unless it is left
 * out. Tokenizer and descriptions come to it.
 *
 * @param trainable elements that are trained
 */
export function checkpointBytes(
  trainable: number,
  config: Pick<DeviceConfig, "save_only_model" | "optimizer">,
): number {
  const state = config.save_only_model ? 0 : stateBytes[config.optimizer.kind];
  return trainable * (4 + state);
}

/** Bytes that the result has at least: the adapter in float32, or the model in its own type. */
export function resultBytes(
  trainable: number,
  config: Pick<DeviceConfig, "train_mode" | "computeDtype">,
): number {
  const isHalf = config.train_mode === "full" && config.computeDtype !== "float32";
  return trainable * (isHalf ? 2 : 4);
}
