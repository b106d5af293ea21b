/** When things are due in a run. */
import type { DeviceConfig } from "./config/index.js";
import { countIntervalSteps } from "./schedule.js";
import type { StepPlan } from "./window.js";

/** What follows a step. */
export interface Due {
  evaluate: boolean;
  /** The answers to sample prompts and dialogue. */
  sample: boolean;
  /** The scores on `eval_tasks`. */
  benchmark: boolean;
  save: boolean;
}

/** At which steps events are written, held-out rows evaluated and checkpoints saved. */
export function dueSteps(config: DeviceConfig, plan: StepPlan) {
  const every = (strategy: "no" | "steps" | "epoch" | "best", interval: number) => {
    if (strategy === "no" || strategy === "best") return () => false;
    const steps =
      strategy === "epoch" ? plan.stepsPerEpoch : countIntervalSteps(interval, plan.totalSteps);
    return (step: number) => step % steps === 0;
  };
  const logs = every(config.logging_strategy, config.logging_steps);
  const evaluates = every(config.eval_strategy, config.eval_steps ?? config.logging_steps);
  const saves = every(config.save_strategy, config.save_steps);
  return {
    logs: (step: number) =>
      logs(step) || (config.logging_first_step && step === 1) || step === plan.totalSteps,
    /** @param isLast whether training ends with this step, as planned or before */
    follows(step: number, isLast = false): Due {
      const { eval_on_start: onStart, eval_tasks: tasks } = config;
      const hasTasks = tasks.length > 0;
      if (step === 0) {
        return { evaluate: onStart, sample: true, benchmark: onStart && hasTasks, save: false };
      }
      const evaluate = evaluates(step) || (isLast && config.eval_strategy === "no");
      const save = saves(step) || (isLast && savesLast(config));
      const benchmark = hasTasks && (evaluates(step) || isLast);
      return { evaluate, sample: evaluate || save || isLast, benchmark, save };
    },
  };
}

/** Whether the last step is saved, so that a run can go on from it, whenever it comes. */
function savesLast(config: DeviceConfig): boolean {
  return config.load_best_model_at_end || !["no", "best"].includes(config.save_strategy);
}
