/** Findings about the learning rate and the number of steps: what is likely a slip, said and not refused. */
import {
  countIntervalSteps,
  countWarmupSteps,
  createSchedule,
  type DeviceConfig,
} from "../../train/index.js";
import type { Finding } from "./report.js";

/** Learning rates between which AdamW is used: below, little is learnt; above, training tends to diverge. */
const usualRates = {
  full: { least: 1e-7, most: 1e-4, usual: "1e-5 to 5e-5" },
  lora: { least: 5e-6, most: 2e-3, usual: "1e-4 to 3e-4" },
};

/** Steps below which a run is not worth calling one. */
const FEW_STEPS = 10;

/** Of an epoch, the share that a step has where it is told that it is large. */
const LARGE_SHARE = 1 / 4;

/** @param perEpoch optimizer steps of an epoch @param microBatches of an epoch */
export function checkSchedule(
  config: DeviceConfig,
  { totalSteps, stepsPerEpoch }: { totalSteps: number; stepsPerEpoch: number },
  microBatches: number,
): Finding[] {
  const found = [
    rateFinding(config),
    stepFinding(config, totalSteps, stepsPerEpoch, microBatches),
    decayFinding(config, totalSteps),
    intervalFinding(config, totalSteps),
  ];
  return found.filter((finding) => finding !== null);
}

function rateFinding({ learning_rate: rate, train_mode, optimizer }: DeviceConfig): Finding | null {
  if (optimizer.kind === "sgd") return null;
  const isFull = train_mode === "full";
  const { least, most, usual } = isFull ? usualRates.full : usualRates.lora;
  if (rate >= least && rate <= most) return null;
  const how = isFull ? "full fine-tuning" : "an adapter";
  return {
    what: `learning_rate ${rate} is very ${rate > most ? "high" : "low"} for ${how}`,
    why: `${usual} are usual; ${rate > most ? "training may diverge" : "little would be learnt"}`,
    blocking: false,
  };
}

function stepFinding(
  config: DeviceConfig,
  totalSteps: number,
  stepsPerEpoch: number,
  microBatches: number,
): Finding | null {
  const { gradient_accumulation_steps: accumulation, max_steps } = config;
  if (accumulation > 1 && accumulation > microBatches) {
    return {
      what: `gradient_accumulation_steps is ${accumulation}, but an epoch has only ${microBatches} micro-batches`,
      why: "windows end with the epoch, so a step takes fewer rows than it seems",
      todo: `set it to ${Math.max(1, Math.floor(microBatches * LARGE_SHARE))} or lower`,
      blocking: false,
    };
  }
  // Whoever sets max_steps has chosen it.
  if (max_steps > 0 || totalSteps >= FEW_STEPS) return null;
  return {
    what: `the run has only ${totalSteps} optimizer step${totalSteps === 1 ? "" : "s"}`,
    why: `an epoch has ${stepsPerEpoch}, of ${accumulation} micro-batches each`,
    todo: "lower gradient_accumulation_steps or per_device_train_batch_size, or train more epochs",
    blocking: false,
  };
}

/** A schedule that reaches next to nothing long before the end. */
function decayFinding(config: DeviceConfig, totalSteps: number): Finding | null {
  const warmup = countWarmupSteps(config, totalSteps);
  if (config.lr_scheduler_type === "constant" || warmup >= totalSteps || totalSteps < FEW_STEPS) {
    return null;
  }
  if (warmup > totalSteps / 2) {
    return {
      what: `the warm-up takes ${warmup} of ${totalSteps} steps`,
      why: "less than half of the run has the full learning rate before it",
      todo: "set warmup_steps or warmup_ratio lower; 0.03 to 0.1 of the steps are usual",
      blocking: false,
    };
  }
  const schedule = createSchedule(config, totalSteps);
  const idle = Array.from({ length: totalSteps }, (_, step) => step).filter(
    (step) => step >= warmup && schedule(step) < config.learning_rate / 1000,
  ).length;
  if (idle <= totalSteps / 10) return null;
  return {
    what: `the learning rate is next to zero for ${idle} of ${totalSteps} steps`,
    why: `lr_scheduler_type ${config.lr_scheduler_type} with these lr_scheduler_kwargs`,
    blocking: false,
  };
}

function intervalFinding(config: DeviceConfig, totalSteps: number): Finding | null {
  if (config.save_strategy !== "steps") return null;
  const interval = countIntervalSteps(config.save_steps, totalSteps);
  if (interval <= totalSteps) return null;
  return {
    what: `save_steps is ${interval}, but the run has ${totalSteps} steps: there is no checkpoint before its end`,
    why: "a run that is stopped from outside would begin anew",
    todo: "set save_steps lower",
    blocking: false,
  };
}
