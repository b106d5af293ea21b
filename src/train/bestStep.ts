/** The result of a run that ends with its best step instead of the last. */
import { join } from "node:path";
import { dispose } from "../tensor/index.js";
import { checkpointName, verifyCheckpoint } from "./checkpoint/index.js";
import type { TrainSummary } from "./events/index.js";
import { disposeGradients } from "./gradients.js";
import type { StepParts } from "./optimizerStep.js";
import type { Recorder } from "./recorder.js";
import type { Run } from "./run.js";
import { restoreTrained, type TrainedModel } from "./trainedModel.js";
import { isOutOfPatience } from "./watch/index.js";

/** What a summary says of it. */
type BestSummary = Pick<TrainSummary, "best_step" | "best_eval_loss" | "stopped_early">;

/**
 * Puts the weights of the best checkpoint into the model, where `load_best_model_at_end` asks for it.
 * Training must be over: its gradients and the state of the optimizer give their memory.
 *
 * @returns the step that the weights are of, and what the summary says of it
 * @throws CheckpointError, FormatError where the checkpoint was damaged since it was saved
 */
export async function loadBestStep(
  { config, path }: Run,
  trained: TrainedModel,
  recorder: Recorder,
  update: StepParts,
): Promise<{ step: number; summary: BestSummary }> {
  const { state } = recorder;
  const early: BestSummary = isOutOfPatience(state, config) ? { stopped_early: true } : {};
  const { bestCheckpoint: best } = state;
  if (!config.load_best_model_at_end) return { step: state.step, summary: early };
  if (!best) {
    recorder.warn(
      "load_best_model_at_end: no step was both evaluated and saved, so the result is the last step.",
    );
    return { step: state.step, summary: early };
  }
  if (best.step !== state.step) {
    const checkpoint = join(path, checkpointName(best.step));
    const { problems } = await verifyCheckpoint(checkpoint);
    if (problems.length > 0) {
      recorder.warn(
        `load_best_model_at_end: ${checkpointName(best.step)} is damaged (${problems.join("; ")}), so the result is the last step.`,
      );
      return { step: state.step, summary: early };
    }
    update.optimizer.dispose();
    disposeGradients(update.gradients);
    dispose({ ...update.lossScale });
    restoreTrained(trained, config, checkpoint);
  }
  return {
    step: best.step,
    summary: { ...early, best_step: best.step, best_eval_loss: best.value },
  };
}
