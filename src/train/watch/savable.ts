/** What is about to be saved must be worth it: numbers, with which numbers can be computed. */
import type { MicroBatch } from "../../data/index.js";
import {
  type CausalLanguageModel,
  groupSequences,
  trainableParameters,
} from "../../models/index.js";
import { tidy } from "../../tensor/index.js";
import { TunewrightError } from "../../util/errors.js";
import { isOutOfMemory } from "../../util/outOfMemory.js";
import { howToGoOn } from "../checkpoint/index.js";
import { withSplitting } from "../memory/index.js";
import { secondTry } from "../secondTry.js";
import type { TrainingParts } from "../trainingParts.js";
import { nameList, notFinite } from "./finite.js";

/**
 * Looks at the weights that a new run is about to train.
 *
 * @throws TunewrightError where some are not finite, so that nothing that comes of them could be saved
 */
export function requireTrainable(model: CausalLanguageModel): void {
  const weights = notFinite(trainableParameters(model), 2);
  if (weights.length === 0) return;
  throw new TunewrightError("the weights that training begins with are not finite", {
    why: nameList(weights),
    todo: "check the model's files, for example by downloading them again",
  });
}

/**
 * Looks at what was trained before it is saved: at the weights, at the optimizer's state, and at the
 * loss of some rows that were trained on without harm.
 *
 * @param window of the last step whose loss was a number; none where this attempt has had no step
 * @throws TunewrightError where something is not finite
 */
export async function requireSavable(
  parts: TrainingParts,
  window: readonly MicroBatch[] | undefined,
): Promise<void> {
  const { prepared, update, recorder, config } = parts;
  const { step } = recorder.state;
  const fail = (what: string, why: string) => {
    throw new TunewrightError(`step ${step}: ${what}, so nothing is saved`, {
      why,
      todo: `lower learning_rate, or raise warmup_steps; ${howToGoOn(config.output_dir)}`,
    });
  };
  const cause = "an optimizer step has made them overflow";
  const { device } = prepared.model;
  const found = (...values: Parameters<typeof notFinite>) =>
    secondTry(device, () => notFinite(...values));
  const weights = found(trainableParameters(prepared.model), 2);
  if (weights.length > 0) {
    fail("the trained weights are not finite", `${nameList(weights)}: ${cause}`);
  }
  const states = config.save_only_model ? [] : found(update.optimizer.state());
  if (states.length > 0) {
    fail("the state of the optimizer is not finite", `${nameList(states)}: ${cause}`);
  }
  const loss = window && (await lossOf(parts, window));
  if (loss !== undefined && !Number.isFinite(loss)) {
    fail(
      `the loss is ${loss} with the weights that this step has made`,
      "it was finite for the same rows before the step",
    );
  }
}

/**
 * The loss of the first rows of a window that go through the model together; nothing where there is no
 * memory for it, as the save must not fail for that.
 */
async function lossOf(
  parts: TrainingParts,
  window: readonly MicroBatch[],
): Promise<number | undefined> {
  const { prepared, objective, pass, recorder } = parts;
  const sequences = window.flatMap((batch) => batch.sequences);
  const [group] = groupSequences(sequences, pass.groupTokens);
  if (!group) return undefined;
  const lossOfGroup = () => {
    // A signal may be why something is saved; it must not end the save.
    const { beforeBranch: _stop, ...settings } = pass;
    return tidy(() =>
      objective.evaluationPass(prepared, group, { ...settings, lossFactor: 1 }).item(),
    );
  };
  try {
    return await withSplitting(parts, lossOfGroup);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    recorder.warn(`The new weights are saved without a look at their loss: ${error.message}`);
    return undefined;
  }
}
