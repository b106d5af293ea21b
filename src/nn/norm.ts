/** Root-mean-square normalisation (Zhang and Sennrich, 2019, arXiv 1910.07467). */
import { customGradient, linalgVectorNorm, type Tensor, tidy } from "../tensor/index.js";

/**
 * `x / sqrt(mean(x²) + epsilon) * weight` over the last dimension, with the statistics in float32.
 *
 * @param x [n, dim]
 * @param weight [dim]
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  const dim = x.size(-1);
  const [output] = customGradient(
    [x, weight],
    () => {
      const cast = weight.to({ dtype: x.dtype });
      const inverse = linalgVectorNorm(x, 2, -1, true, { dtype: "float32" }) // [n, 1]
        .pow(2)
        .div_(dim)
        .add_(epsilon)
        .rsqrt();
      // The product with the float32 statistics is rounded once, as transformers does it.
      const scaled = x.mul(inverse).to({ dtype: x.dtype });
      return { outputs: [scaled.mul_(cast)], saved: { inverse, cast } };
    },
    ([gradient], { inverse, cast }) => {
      const weighted = gradient!.mul(cast);
      const byInput = x.requiresGrad
        ? tidy(() => {
            const along = weighted.mul(x).sum(-1, true, { dtype: "float32" });
            const back = along.mul_(inverse.pow(3)).div_(-dim);
            return weighted.mul(inverse).add_(x.mul(back)).to({ dtype: x.dtype });
          })
        : null;
      const byWeight = weight.requiresGrad
        ? gradient!
            .mul(x)
            .mul(inverse)
            .sum(0, false, { dtype: "float32" })
            .to({ dtype: weight.dtype })
        : null;
      return [byInput, byWeight];
    },
  );
  return output as Tensor;
}
