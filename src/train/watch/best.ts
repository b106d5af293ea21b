/**
 * The best step by held-out loss, and whether there is still hope for a better one: transformers'
 * `load_best_model_at_end` and `EarlyStoppingCallback`.
 */
import type { TrainingConfig } from "../config/index.js";
import type { TrainerState } from "../trainerState.js";

type BestConfig = Pick<
  TrainingConfig,
  "greater_is_better" | "early_stopping_patience" | "early_stopping_threshold"
>;

/** Whether a value of the metric is better than that of an earlier step; than none, if it is a number. */
function isBetter(one: number, other: number | undefined, config: BestConfig): boolean {
  return config.greater_is_better
    ? one > (other ?? Number.NEGATIVE_INFINITY)
    : one < (other ?? Number.POSITIVE_INFINITY);
}

/**
 * Takes in a held-out loss of the current step.
 *
 * @param state changed
 * @returns whether it is the best so far
 */
export function takeMetric(state: TrainerState, value: number, config: BestConfig): boolean {
  const { best, evaluated, step } = state;
  const isBest = isBetter(value, best?.value, config);
  const gain = Math.abs(value - (best?.value ?? Number.POSITIVE_INFINITY));
  const isGain = !evaluated || (isBest && gain > config.early_stopping_threshold);
  state.withoutGain = isGain ? 0 : (state.withoutGain ?? 0) + 1;
  state.evaluated = { step, value };
  if (isBest) state.best = { step, value };
  return isBest;
}

/** Whether as many evaluations in a row as `early_stopping_patience` have gained nothing. */
export function isOutOfPatience(state: TrainerState, config: BestConfig): boolean {
  const { early_stopping_patience: patience } = config;
  return patience !== null && (state.withoutGain ?? 0) >= patience;
}

/**
 * Takes note that the current step is saved. Of the steps that were evaluated and saved, the best one
 * is kept and can be loaded at the end.
 *
 * @param state changed
 * @returns whether it is this one
 */
export function takeSaved(state: TrainerState, config: BestConfig): boolean {
  const { evaluated, bestCheckpoint, step } = state;
  if (evaluated?.step !== step) return false;
  // A save may be done again.
  const isBest =
    bestCheckpoint?.step === step || isBetter(evaluated.value, bestCheckpoint?.value, config);
  if (isBest) state.bestCheckpoint = { ...evaluated };
  return isBest;
}
