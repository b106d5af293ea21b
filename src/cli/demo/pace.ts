/**
 * How much of the demo's training fits into the time that it promises. Machines differ by more than
 * ten times, so the first steps are measured.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTrainingConfig, runSft } from "../../train/index.js";
import type { DemoPlan } from "./plan.js";

/** How fast this machine trains. */
export interface Pace {
  /** Of one optimizer step. */
  secondsPerStep: number;
  /** Of all else that a run does: reading, quantizing and saving the model. */
  otherSeconds: number;
}

/** A number of optimizer steps, and when the whole demo will be over. */
export interface FittedSteps {
  steps: number;
  /** From the beginning of the demo to its end. */
  totalSeconds: number;
}

/** What the demo promises to take. */
export const BUDGET_SECONDS = 360;

/** The whole of `examples/demo.yaml`: two epochs. */
export const FULL_STEPS = 138;

/** The fewest steps that halve the held-out loss with some to spare, taken as halves. */
export const LEAST_STEPS = 14;

/**
 * Fewer steps than this are taken as twice as many of half as many conversations, which learn more:
 * 28 halves bring the held-out loss to 48% of what it was, 14 whole steps to 54%.
 */
const HALVED_BELOW = 30;

/** Mean over the demo's data. */
const TOKENS_PER_STEP = 580;

/** The loss on held-out conversations, before and after, takes as long as so many steps. */
const EVALUATION_STEPS = 4;

/**
 * Trains two steps in a directory of their own, which is removed again. The first one is not
 * counted: libraries compile and tune at first use.
 *
 * @returns nothing where a signal stopped it
 */
export async function measurePace(plan: DemoPlan): Promise<Pace | undefined> {
  const directory = mkdtempSync(join(tmpdir(), "tunewright-demo-"));
  const started = performance.now();
  const times: number[] = [];
  let tokensPerSecond = 0;
  try {
    const loaded = loadTrainingConfig(plan.configFile, {
      ...plan.overrides,
      output_dir: join(directory, "run"),
      max_steps: 2,
      do_eval: false,
      eval_on_start: false,
    });
    const { reason } = await runSft(loaded, {
      onTick: (tick) => {
        times.push(performance.now());
        tokensPerSecond = tick.tokens_per_second ?? tokensPerSecond;
      },
    });
    if (reason === "stopped") return undefined;
    const otherSeconds = (performance.now() - started - 2 * (times[1]! - times[0]!)) / 1000;
    return {
      secondsPerStep: TOKENS_PER_STEP / tokensPerSecond,
      otherSeconds: Math.max(0, otherSeconds),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param steps optimizer steps of training @param spent seconds of the demo outside of training */
function totalSeconds(steps: number, pace: Pace, spent: number): number {
  return spent + pace.otherSeconds + (steps + EVALUATION_STEPS) * pace.secondsPerStep;
}

/**
 * As many steps as fit, but at least {@link LEAST_STEPS} and at most all.
 *
 * @param spent seconds that the demo takes outside of training, before and after it
 */
export function fitSteps(pace: Pace, spent: number): FittedSteps {
  const room = BUDGET_SECONDS - totalSeconds(0, pace, spent);
  const fitting = Math.max(LEAST_STEPS, Math.floor(room / pace.secondsPerStep));
  // Where nearly all fit, nobody minds half a minute more.
  const steps = fitting > 0.9 * FULL_STEPS ? FULL_STEPS : fitting;
  return { steps, totalSeconds: totalSeconds(steps, pace, spent) };
}

/** The plan with fewer steps: the learning rate rises and falls within them. */
export function withSteps(plan: DemoPlan, steps: number): DemoPlan {
  if (steps >= FULL_STEPS) return plan;
  const halved = steps < HALVED_BELOW;
  const max_steps = halved ? 2 * steps : steps;
  const overrides = {
    ...plan.overrides,
    ...(halved ? { per_device_train_batch_size: 2 } : {}),
    max_steps,
    warmup_steps: Math.min(8, Math.round(max_steps / 9)),
    logging_steps: Math.min(10, Math.round(max_steps / 8)),
  };
  return { ...plan, overrides };
}

/** What the user is told of the choice. */
export function describePace(pace: Pace, fitted: FittedSteps, spent: number): string {
  const step = `A step takes ${pace.secondsPerStep.toPrecision(2)} seconds here`;
  const all = describeMinutes(totalSeconds(FULL_STEPS, pace, spent));
  const total = describeMinutes(fitted.totalSeconds);
  if (fitted.steps === FULL_STEPS) {
    return `${step}, so there is time for all ${FULL_STEPS} steps: the demo will take ${total}.`;
  }
  const chosen =
    fitted.steps < HALVED_BELOW
      ? `${2 * fitted.steps} steps of half the size instead of ${FULL_STEPS} full ones`
      : `${fitted.steps} of the ${FULL_STEPS} steps`;
  const full = `--full trains for all of them and takes ${all}; more answers will then be right.`;
  if (fitted.totalSeconds <= BUDGET_SECONDS + pace.secondsPerStep) {
    return `${step}, so the demo trains for ${chosen} and will take ${total}. ${full}`;
  }
  return (
    `${step}: this machine is slow, or busy. Even with ${chosen}, the minimum that halves the loss, ` +
    `the demo will take ${total}. Ctrl-C saves and stops; --quick takes less time. ${full}`
  );
}

/** `about 6 minutes`; `about an hour and 10 minutes`. */
export function describeMinutes(seconds: number): string {
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes === 1) return "about a minute";
  if (minutes < 60) return `about ${minutes} minutes`;
  const tens = 10 * Math.round(minutes / 10);
  const hours = Math.floor(tens / 60);
  const rest = tens % 60;
  return `about ${hours === 1 ? "an hour" : `${hours} hours`}${rest > 0 ? ` and ${rest} minutes` : ""}`;
}
