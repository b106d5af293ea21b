/** Root-mean-square normalization (Zhang and Sennrich, 2019, arXiv 1910.07467). */
import { type DType, linalgVectorNorm, rmsNormRows, type Tensor, tidy } from "../tensor/index.js";
import type { Parameter } from "./parameter.js";
import {
  addGradient,
  constant,
  gradientOf,
  isPlainRows,
  operate,
  tensorOf,
  type Value,
} from "./record.js";

/** How a family's norm differs from Llama's. */
export interface NormStyle {
  /** What is added to the weight as it is stored (Gemma: 1). */
  offset?: number;
  /** Whether the weight multiplies in float32, and only the product is rounded (Gemma, OLMo 2). */
  roundsOnce?: boolean;
}

/** The tensor itself where it has the type: a call of an operator that does nothing takes time too. */
const inType = (tensor: Tensor, dtype: DType) =>
  tensor.dtype === dtype ? tensor : tensor.to({ dtype });

/** In one call. @param x as {@link rmsNorm} takes it */
function plainNorm(x: Tensor, weight: Tensor, epsilon: number, offset: number): Tensor {
  if (x.dim === 2) return rmsNormRows(x, weight, epsilon, offset);
  return rmsNormRows(x.reshape([-1, weight.numel]), weight, epsilon, offset).view([...x.shape]);
}

/**
 * `x / sqrt(mean(x²) + epsilon) * weight` over the last dimension, with statistics in float32. As in
 * transformers, the normalized values are rounded to the type of x before the weight multiplies
 * them (unless `style` says otherwise), and the backward pass is float32 from there to the gradient
 * of x, which is rounded once.
 *
 * @param x [..., dim]; or [n, heads, hd], normalized over all heads at once, where the weight is
 *   [heads * hd]
 * @param weight [dim]
 * @returns the shape and type of x
 */
export function rmsNorm(
  x: Value,
  weight: Parameter,
  epsilon: number,
  { offset = 0, roundsOnce = false }: NormStyle = {},
): Value {
  if (isPlainRows(x) && weight.tensor.dtype === "float32") {
    return constant(
      tidy(() => plainNorm(x.tensor!, weight.tensor, epsilon, offset)),
      true,
    );
  }
  const byWeight = gradientOf(x.record, weight.name);
  const dim = weight.tensor.numel;
  const rowsOf = (values: Tensor) =>
    values.size(-1) === dim ? values : values.view([values.size(0), dim]);
  const shapedAs = (rows: Tensor, { shape }: Tensor) =>
    rows.size(-1) === shape.at(-1) ? rows : rows.view([...shape]);
  const inverseOf = (values: Tensor) =>
    linalgVectorNorm(values, 2, -1, true, { dtype: "float32" }) // [..., 1]
      .pow(2)
      .div_(dim)
      .add_(epsilon)
      .rsqrt();
  const factorOf = (values: Tensor) => {
    const factor = inType(weight.tensor, roundsOnce ? "float32" : values.dtype);
    return offset === 0 ? factor : factor.add(offset);
  };
  const [output] = operate({
    inputs: [x],
    cost: "cheap",
    trains: byWeight !== undefined,
    compute() {
      const values = rowsOf(tensorOf(x));
      const scaled = values.mul(inverseOf(values)); // float32
      const normalized = roundsOnce ? scaled : inType(scaled, values.dtype);
      const result = inType(normalized.mul_(factorOf(values)), values.dtype);
      return [shapedAs(result, tensorOf(x))];
    },
    reads: [x],
    backward([gradient]) {
      const values = rowsOf(tensorOf(x));
      const byOutput = rowsOf(gradient!);
      const inverse = inverseOf(values);
      const normalized = values.mul(inverse); // float32
      if (byWeight) byWeight.add_(byOutput.mul(normalized).view([-1, dim]).sum([0]));
      if (!x.needsGradient) return;
      const weighted = byOutput.mul(factorOf(values));
      const along = weighted.mul(normalized).mean([-1], true);
      const back = normalized.mul_(along).neg().add_(weighted).mul_(inverse);
      addGradient(x, shapedAs(inType(back, values.dtype), tensorOf(x)));
    },
  });
  return output!;
}
