/** Root-mean-square normalisation (Zhang and Sennrich, 2019, arXiv 1910.07467). */
import { rmsNorm as nativeRmsNorm, type Tensor } from "../tensor/index.js";

/**
 * `x / sqrt(mean(x²) + epsilon) * weight` over the last dimension, with the statistics in float32.
 *
 * @param x [n, dim]
 * @param weight [dim]
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  return nativeRmsNorm(x, [x.size(-1)], weight.to({ dtype: x.dtype }), epsilon);
}
