/** What a run minimizes, as the loop sees it. */
import type { PreparedModel } from "../../models/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { Gradients } from "../gradients.js";
import type { PassSettings, Sequence, TrainingPassSettings } from "../pass.js";

/**
 * A loss over sequences. It is a mean over units: of all micro-batches of a window, on all
 * processes, so that it does not matter how a window is divided.
 *
 * Losses on whole sequences (DPO and its kin) are functions of the sequences' log-probabilities, so
 * their gradient is that of cross entropy with a weight per token: their `trainingPass` scores a
 * micro-batch without gradient, works out the weights, and runs weighted cross entropy.
 */
export interface Objective {
  /** What the loss is divided by: labelled tokens, or pairs. */
  units(sequences: readonly Sequence[]): number;
  /**
   * Adds the gradients of a micro-batch.
   *
   * @returns [] float32 on the device: the sum of its losses times `settings.lossFactor`; the caller's
   */
  trainingPass(
    prepared: PreparedModel,
    sequences: readonly Sequence[],
    gradients: Gradients,
    settings: TrainingPassSettings,
  ): Tensor;
  /** The same without gradients. */
  evaluationPass(
    prepared: PreparedModel,
    sequences: readonly Sequence[],
    settings: PassSettings,
  ): Tensor;
}
