/**
 * The end of an optimizer step: clipping, the decision whether it is taken, the update, and the
 * figures that the host reads. All of it stays on the device: nothing here waits.
 */
import { cat, noGrad, stack, type Tensor, tidy } from "../tensor/index.js";
import { type Gradients, gradientNorm } from "./gradients.js";
import { type LossScale, type LossScaleState, updateLossScale } from "./lossScale.js";
import type { Optimizer } from "./optimizer.js";
import { secondTry } from "./secondTry.js";

/** What a step has shown. */
export interface StepFigures {
  /** Mean loss over the window's units. */
  loss: number;
  /** Norm of all gradients before clipping. */
  gradNorm: number;
  /** Whether loss or gradients were not finite, so that nothing was changed. */
  skipped: boolean;
  /** The loss scale for the next step, and good steps since it last changed; 1 and 0 without one. */
  lossScale: LossScaleState;
  /** [sequences] sum of the losses of each sequence of the window, in order. */
  rowLosses: Float32Array;
}

/** What clipping has decided, as tensors of the gradients' device. */
export interface Clipped {
  /** [] norm of the gradients before clipping. */
  norm: Tensor;
  /** [] float32: 1 where norm or loss is not finite, else 0. */
  foundInf: Tensor;
}

/**
 * Scales all gradients so that their common norm is at most `maxNorm`, as
 * `torch.nn.utils.clip_grad_norm_`, and takes the loss scale out.
 *
 * @param maxNorm 0 for no limit
 * @param loss [] checked beside the gradients
 * @param scale [] what the gradients were multiplied by so far
 */
export function clipGradients(
  gradients: Gradients,
  maxNorm: number,
  loss?: Tensor,
  scale?: Tensor,
): Clipped {
  return noGrad(() =>
    tidy(() => {
      const scaled = gradientNorm(gradients);
      const norm = scale ? scaled.div(scale) : scaled;
      const finite = loss ? norm.isfinite().logicalAnd(loss.isfinite()) : norm.isfinite();
      const foundInf = finite.logicalNot().to({ dtype: "float32" });
      // Last, as this cannot be done twice: what was refused memory before may be.
      if (maxNorm > 0) {
        const factor = norm.add(1e-6).reciprocal().mul_(maxNorm).clamp_(null, 1);
        gradients.flat.mul_(scale ? factor.div_(scale) : factor);
      } else if (scale) gradients.flat.div_(scale);
      return { norm, foundInf };
    }),
  );
}

/** What {@link optimizerStep} works on. */
export interface StepParts {
  gradients: Gradients;
  optimizer: Optimizer;
  lossScale: LossScale | null;
  maxGradNorm: number;
}

/** Losses of a window of micro-batches, on the device. */
export interface WindowLosses {
  /** [] float32, sum of the losses of the window over its units. */
  loss: Tensor;
  /** [sequences] float32, sums of the losses of each of this process's sequences. */
  rows: Tensor;
}

/**
 * Takes one optimizer step, or leaves weights and optimizer as they are where loss or gradients are
 * not finite.
 *
 * @param losses of the window
 * @returns [5 + sequences] for {@link readFigures}; the caller's
 * @throws OutOfMemoryError where memory is refused twice: some weights may then be a step ahead
 */
export function optimizerStep(
  parts: StepParts,
  { loss, rows }: WindowLosses,
  learningRate: number,
): Tensor {
  const { gradients, optimizer, lossScale, maxGradNorm } = parts;
  const again = <T>(job: () => T) => secondTry(loss.device, job);
  return noGrad(() =>
    tidy(() => {
      const clip = () => clipGradients(gradients, maxGradNorm, loss, lossScale?.value);
      const { norm, foundInf } = again(clip);
      optimizer.step(gradients.views, learningRate, foundInf);
      if (lossScale) again(() => updateLossScale(lossScale, foundInf));
      return again(() => {
        const value = lossScale?.value ?? loss.onesLike();
        const goodSteps = lossScale?.goodSteps.to({ dtype: "float32" }) ?? loss.zerosLike();
        return cat([stack([loss, norm, foundInf, value, goodSteps], 0), rows]);
      });
    }),
  );
}

/** @param figures [5 + sequences] of {@link optimizerStep}, on the CPU */
export function readFigures(figures: Tensor): StepFigures {
  const { buffer, byteOffset } = figures.bytes();
  const values = new Float32Array(buffer, byteOffset, figures.numel);
  return {
    loss: values[0]!,
    gradNorm: values[1]!,
    skipped: values[2] !== 0,
    lossScale: { value: values[3]!, goodSteps: values[4]! },
    rowLosses: values.slice(5),
  };
}
