/**
 * Loss scaling for float16 (Micikevicius et al., 2017, arXiv 1710.03740): small gradients are lifted
 * into float16's range; a step whose gradients overflow is left out and the scale halved; 2,000 good
 * steps in a row double it. Scale and count stay on the device, which decides by itself.
 */
import { _ampUpdateScale_, type Device, full, type Tensor, tidy } from "../tensor/index.js";
import { TunewrightError } from "../util/errors.js";

/** torch.amp.GradScaler's first scale, growth and backoff. */
const FIRST = 65536;
const GROWTH = 2;
const BACKOFF = 0.5;
const GROWTH_INTERVAL = 2000;

/** As a checkpoint keeps it. */
export interface LossScaleState {
  value: number;
  goodSteps: number;
}

export interface LossScale {
  /** [] float32: what the loss is multiplied by. */
  readonly value: Tensor;
  /** [] int32: good steps since the scale last changed. */
  readonly goodSteps: Tensor;
}

/** The state at the beginning of a run. @param scaled whether losses are scaled at all */
export function initialLossScale(scaled: boolean): LossScaleState {
  return { value: scaled ? FIRST : 1, goodSteps: 0 };
}

export function createLossScale({ value, goodSteps }: LossScaleState, device: Device): LossScale {
  return {
    value: full([], value, { dtype: "float32", device }),
    goodSteps: full([], goodSteps, { dtype: "int32", device }),
  };
}

/** Fits the scale to what a step has shown. @param foundInf [] float32: 1 where it overflowed, else 0 */
export function updateLossScale({ value, goodSteps }: LossScale, foundInf: Tensor): void {
  tidy(() => _ampUpdateScale_(value, goodSteps, foundInf, GROWTH, BACKOFF, GROWTH_INTERVAL));
}

/** Below this scale an overflow is no matter of scale any more; reached after 30 skips from the start. */
const LEAST = 1e-4;

/** A warning comes with every so many skipped steps in a row; the first few of a run are usual. */
const WARN_EVERY = 5;

/**
 * What to say of a skipped step.
 *
 * @param inRow skipped steps in a row, this one included
 * @param scale what the loss will be multiplied by now
 * @returns a warning, or nothing
 * @throws TunewrightError where skipping does not help any more
 */
export function judgeSkippedStep(step: number, inRow: number, scale: number): string | undefined {
  if (scale < LEAST) {
    throw new TunewrightError(
      `step ${step}: the gradients overflow float16 for ${inRow} steps in a row`,
      {
        why: `the loss scale has fallen to ${scale.toExponential(1)}, so the cause is something else; these steps were skipped`,
        todo: "use bf16 or float32 instead of fp16, or lower learning_rate; the last checkpoint is intact",
      },
    );
  }
  if (inRow % WARN_EVERY !== 0) return undefined;
  return (
    `${inRow} steps in a row were skipped, because their gradients overflow float16; ` +
    `the loss scale is now ${scale}.`
  );
}
