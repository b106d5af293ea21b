/** Root-mean-square normalization (Zhang and Sennrich, 2019, arXiv 1910.07467). */
import { linalgVectorNorm, type Tensor } from "../tensor/index.js";
import type { Parameter } from "./parameter.js";
import { addGradient, gradientOf, operate, tensorOf, type Value } from "./record.js";

/**
 * `x / sqrt(mean(x²) + epsilon) * weight` over the last dimension, with statistics in float32. As in
 * transformers, the normalized values are rounded to the type of x before the weight multiplies
 * them, and the backward pass is float32 from there to the gradient of x, which is rounded once.
 *
 * @param x [..., dim]
 * @param weight [dim]
 * @returns [..., dim] in the type of x
 */
export function rmsNorm(x: Value, weight: Parameter, epsilon: number): Value {
  const byWeight = gradientOf(x.record, weight.name);
  const inverseOf = (values: Tensor) =>
    linalgVectorNorm(values, 2, -1, true, { dtype: "float32" }) // [..., 1]
      .pow(2)
      .div_(values.size(-1))
      .add_(epsilon)
      .rsqrt();
  const [output] = operate({
    inputs: [x],
    cost: "cheap",
    trains: byWeight !== undefined,
    compute() {
      const values = tensorOf(x);
      const scaled = values.mul(inverseOf(values)).to({ dtype: values.dtype });
      return [scaled.mul_(weight.tensor.to({ dtype: values.dtype }))];
    },
    reads: [x],
    backward([gradient]) {
      const values = tensorOf(x);
      const inverse = inverseOf(values);
      const normalized = values.mul(inverse); // float32
      if (byWeight) {
        const dim = values.size(-1);
        byWeight.add_(gradient!.mul(normalized).view([-1, dim]).sum([0]));
      }
      if (!x.needsGradient) return;
      const weighted = gradient!.mul(weight.tensor.to({ dtype: values.dtype }));
      const along = weighted.mul(normalized).mean([-1], true);
      const back = normalized.mul_(along).neg().add_(weighted).mul_(inverse);
      addGradient(x, back.to({ dtype: values.dtype }));
    },
  });
  return output!;
}
