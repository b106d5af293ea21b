/**
 * Loss scaling for float16 (Micikevicius et al., 2017, arXiv 1710.03740): small gradients are lifted
 * into float16's range; a step whose gradients overflow is left out and the scale halved; 2,000 good
 * steps in a row double it.
 */
export interface LossScale {
  value: number;
  goodSteps: number;
}

const GROWTH_INTERVAL = 2000;

/** torch.amp.GradScaler's first scale; 1 where nothing is scaled. */
export function initialLossScale(scaled: boolean): LossScale {
  return { value: scaled ? 65536 : 1, goodSteps: 0 };
}

/** The scale after a step. @param finite whether all its gradients were finite */
export function nextLossScale({ value, goodSteps }: LossScale, finite: boolean): LossScale {
  if (!finite) return { value: value / 2, goodSteps: 0 };
  if (goodSteps + 1 < GROWTH_INTERVAL) return { value, goodSteps: goodSteps + 1 };
  return { value: value * 2, goodSteps: 0 };
}
