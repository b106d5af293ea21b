/** Which micro-batches an optimizer step takes: a pure function of the step. */

/** How many steps and micro-batches a run has. */
export interface StepPlan {
  totalSteps: number;
  stepsPerEpoch: number;
  microBatchesPerEpoch: number;
  accumulation: number;
}

/** The plan of a run, as transformers' Trainer counts: windows never cross the end of an epoch. */
export function planSteps(
  microBatchesPerEpoch: number,
  settings: { gradient_accumulation_steps: number; max_steps: number; num_train_epochs: number },
): StepPlan {
  const accumulation = settings.gradient_accumulation_steps;
  const stepsPerEpoch = Math.max(1, Math.ceil(microBatchesPerEpoch / accumulation));
  const totalSteps =
    settings.max_steps > 0
      ? settings.max_steps
      : Math.ceil(settings.num_train_epochs * stepsPerEpoch);
  return { totalSteps, stepsPerEpoch, microBatchesPerEpoch, accumulation };
}

/**
 * Numbers of the micro-batches of a step. Of a stream, all of the run are one epoch without an end.
 * @param step counted from 0
 */
export function windowOf(plan: StepPlan, step: number): number[] {
  const epoch = Math.floor(step / plan.stepsPerEpoch);
  const before = epoch === 0 ? 0 : epoch * plan.microBatchesPerEpoch;
  const first = (step % plan.stepsPerEpoch) * plan.accumulation;
  const count = Math.min(plan.accumulation, plan.microBatchesPerEpoch - first);
  return Array.from({ length: count }, (_, i) => before + first + i);
}
