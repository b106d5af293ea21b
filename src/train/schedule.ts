/**
 * Learning-rate schedules, equal to transformers' `get_scheduler`
 * (`test/parity/schedule-fixtures.py` makes the numbers they are tested against).
 *
 * A schedule is a pure function of the step, so that nothing needs to be stored to resume it.
 */
import type { TrainingConfig } from "./config/index.js";

/** The keys of the configuration that a schedule reads. */
export type ScheduleOptions = Pick<
  TrainingConfig,
  "learning_rate" | "lr_scheduler_type" | "lr_scheduler_kwargs" | "warmup_steps" | "warmup_ratio"
>;

/**
 * Steps of the linear warm-up: `warmup_steps`, or a share of all steps (rounded up) where it is
 * below 1 or where `warmup_ratio` says it.
 */
export function countWarmupSteps(
  { warmup_steps, warmup_ratio }: Pick<ScheduleOptions, "warmup_steps" | "warmup_ratio">,
  totalSteps: number,
): number {
  if (warmup_steps >= 1) return Math.trunc(warmup_steps);
  return Math.ceil(totalSteps * (warmup_steps > 0 ? warmup_steps : warmup_ratio));
}

/** What there is to say of a warm-up that leaves no step at the full learning rate. */
export function warmupNotes(options: ScheduleOptions, totalSteps: number): string[] {
  const warmup = countWarmupSteps(options, totalSteps);
  if (options.lr_scheduler_type === "constant" || warmup === 0 || warmup < totalSteps) return [];
  const highest = (options.learning_rate * (totalSteps - 1)) / warmup;
  return [
    `The warm-up of ${warmup} steps is as long as the run of ${totalSteps}, or longer: the learning rate ` +
      `rises to ${highest.toPrecision(2)} at the last step and never reaches ${options.learning_rate}. ` +
      "Set warmup_steps or warmup_ratio lower.",
  ];
}

/** Steps of an interval such as `logging_steps`: itself, or below 1 a share of all steps (rounded up). */
export function countIntervalSteps(steps: number, totalSteps: number): number {
  return steps < 1 ? Math.ceil(totalSteps * steps) : steps;
}

/**
 * @param totalSteps optimizer steps of the whole run
 * @returns the learning rate of the optimizer step that has `step` steps before it (the first is 0)
 */
export function createSchedule(
  options: ScheduleOptions,
  totalSteps: number,
): (step: number) => number {
  const { learning_rate } = options;
  const warmup = countWarmupSteps(options, totalSteps);
  const decay = decayAfterWarmup(options, warmup, totalSteps);
  if (options.lr_scheduler_type === "constant") return () => learning_rate;
  return (step) => learning_rate * (step < warmup ? step / Math.max(1, warmup) : decay(step));
}

/** The factor on the learning rate once the warm-up is over. */
function decayAfterWarmup(
  { lr_scheduler_type: type, lr_scheduler_kwargs: kwargs, learning_rate }: ScheduleOptions,
  warmup: number,
  totalSteps: number,
): (step: number) => number {
  const progress = (step: number) => (step - warmup) / Math.max(1, totalSteps - warmup);
  const halfWave = (angle: number) => Math.max(0, 0.5 * (1 + Math.cos(angle)));
  switch (type) {
    case "constant":
    case "constant_with_warmup":
      return () => 1;
    case "linear":
      return (step) => Math.max(0, (totalSteps - step) / Math.max(1, totalSteps - warmup));
    case "cosine": {
      const cycles = kwargs.num_cycles ?? 0.5;
      return (step) => halfWave(Math.PI * cycles * 2 * progress(step));
    }
    case "cosine_with_restarts": {
      const cycles = kwargs.num_cycles ?? 1;
      return (step) =>
        progress(step) >= 1 ? 0 : halfWave(Math.PI * ((cycles * progress(step)) % 1));
    }
    case "polynomial": {
      const end = (kwargs.lr_end ?? 1e-7) / learning_rate;
      const power = kwargs.power ?? 1;
      return (step) =>
        step > totalSteps ? end : (1 - end) * Math.max(0, 1 - progress(step)) ** power + end;
    }
    case "inverse_sqrt": {
      const timescale = kwargs.timescale ?? (warmup || 10_000);
      return (step) => 1 / Math.sqrt((step + timescale - warmup) / timescale);
    }
  }
}
