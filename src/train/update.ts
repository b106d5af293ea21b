/** What steps are computed with: number type, gradients, optimizer; begun, or as a checkpoint left it. */
import { availableParallelism } from "node:os";
import {
  type CausalLanguageModel,
  type PreparedModel,
  prepareModel,
  trainableParameters,
} from "../models/index.js";
import { type Device, type DType, dispose } from "../tensor/index.js";
import type { MemoryRoom } from "../util/memoryLimits.js";
import { stopIfAsked } from "../util/signals.js";
import { createGradients, disposeGradients } from "./gradients.js";
import { loraPlusFactor } from "./loraPlus.js";
import { createLossScale, initialLossScale } from "./lossScale.js";
import { type PassPlan, planPassMemory, roomOf } from "./memory/index.js";
import { createOptimizer } from "./optimizer.js";
import type { StepParts } from "./optimizerStep.js";
import { choosePrecision, type ProductPrecision } from "./precision.js";
import type { Run } from "./run.js";
import { describeLauncherThreads } from "./world.js";

/** Tokens computed together: on a CPU, their activations should stay in its cache. */
function groupTokens(device: Device): number {
  return device === "cpu" ? 1024 : 16384;
}

/** What steps are made ready from. */
export type PassParts = Pick<Run, "config" | "device" | "checkpoint" | "defer">;

/** The model, ready for passes in the run's data type, and how the passes go. */
export function preparePasses(
  { config, device, checkpoint, defer }: PassParts,
  model: CausalLanguageModel,
  dtype: DType,
  room: Pick<MemoryRoom, "free"> = roomOf(device, config.max_memory),
): { prepared: PreparedModel; pass: PassPlan } {
  const { keepBytes, weightBytes } = planPassMemory(
    room,
    config.gradient_checkpointing,
    checkpoint?.state.keepBytes,
  );
  const prepared = prepareModel(model, { dtype, weightBytes, isTraining: true });
  defer(() => prepared.dispose());
  const pass = {
    groupTokens: groupTokens(device),
    keepBytes: keepBytes ?? Number.POSITIVE_INFINITY,
    ...checkpoint?.state.passLimits,
    beforeBranch: stopIfAsked,
  };
  return { prepared, pass };
}

/** The number type that a run's products are computed in; what there is to know of it, and of threads, is said. */
export function prepareProducts({ config, device, checkpoint, say }: Run): ProductPrecision {
  const precision = choosePrecision(config, checkpoint?.state.productDtype);
  if (precision.line) say(precision.line);
  const threads = describeLauncherThreads(process.env, availableParallelism());
  if (threads !== undefined && device === "cpu") say(threads);
  return precision;
}

/**
 * Gradients, optimizer and loss scale for a model's trained parameters, as the checkpoint left them.
 *
 * @throws CheckpointError where the checkpoint's optimizer state does not fit
 */
export function prepareUpdate(
  { config, device, checkpoint, defer }: PassParts,
  model: CausalLanguageModel,
): StepParts {
  const optimizer = createOptimizer(trainableParameters(model), {
    ...config,
    ...config.optimizer,
    embeddings: [model.embedding.name],
    rateFactor: loraPlusFactor(config),
  });
  defer(() => optimizer.dispose());
  if (checkpoint) {
    optimizer.restore(checkpoint.optimizer, checkpoint.state.step);
    dispose(checkpoint.optimizer);
  }
  const gradients = createGradients(model);
  defer(() => disposeGradients(gradients));
  const lossScale = config.lossScaling
    ? createLossScale(checkpoint?.state.lossScale ?? initialLossScale(true), device)
    : null;
  defer(() => dispose({ ...lossScale }));
  return { gradients, optimizer, lossScale, maxGradNorm: config.max_grad_norm };
}
