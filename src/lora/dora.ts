/**
 * Weight-decomposed adapters (Liu et al., 2024, arXiv 2402.09353): the rows of weight and adapter
 * together are brought to lengths that are trained. As in PEFT, the lengths that they are divided by
 * get no gradient, and where the input is dropped, what is dropped still goes through the weight alone.
 */
import {
  type AffineLayer,
  addGradient,
  affine,
  gradientOf,
  keyedDropout,
  type Linear,
  operate,
  type ProductGroup,
  tensorOf,
  type Value,
} from "../nn/index.js";
import { linalgVectorNorm, ones, type Tensor } from "../tensor/index.js";
import { type Adapter, type InputDropout, type Lowering, lowered, raised } from "./lowRank.js";
import { scaleOf } from "./strength.js";

/**
 * `m / ‖W + scale · B A‖ · (W + scale · B A) x + b`, row by row.
 *
 * @param x [n, in]
 * @returns [n, out]
 */
export function decomposed(
  x: Value,
  group: ProductGroup,
  base: Linear,
  lowering: Lowering,
  dropout: InputDropout | null,
): Value {
  const { preparedWeight, stored } = base;
  const unbiased: AffineLayer = { bias: null, preparedWeight, ...(stored && { stored }) };
  const read = dropout ? dropped(x, dropout) : x;
  const sum = raised(read, [lowered(read, group, lowering, null)], group, unbiased, [lowering]);
  const rest = dropout ? affine(difference(x, read), group, unbiased, null) : null;
  return lengthened(sum, rest, group, base, lowering.adapters);
}

/**
 * Lengths of the rows of weight and adapter together.
 *
 * @param weight [out, in], of the adapter's part
 * @returns [out] float32
 */
export function rowLengths(weight: Tensor, adapter: Adapter): Tensor {
  const { a, b } = adapter;
  const { dtype } = weight;
  const low = b.tensor.matmul(a.tensor).to({ dtype });
  return linalgVectorNorm(weight.add(low, { alpha: scaleOf(adapter) }), 2, [1], false, {
    dtype: "float32",
  });
}

/** Rows times magnitude by length, plus bias and rest. */
function lengthened(
  sum: Value,
  rest: Value | null,
  group: ProductGroup,
  base: Linear,
  adapters: readonly Adapter[],
): Value {
  const { weights, dtype } = group;
  const { bias } = base;
  const lengths = (adapter: Adapter) =>
    weights.make(adapter, "float32", !adapter.a.trainable && !adapter.b.trainable, () => {
      const { start, outFeatures } = adapter.part;
      return rowLengths(base.preparedWeight(weights, dtype).narrow(0, start, outFeatures), adapter);
    });
  const factors = () => {
    const all = ones([base.outFeatures], { dtype: "float32", device: tensorOf(sum).device });
    for (const adapter of adapters) {
      if (!adapter.magnitude) continue;
      const { start, outFeatures } = adapter.part;
      all.narrow(0, start, outFeatures).copy_(adapter.magnitude.tensor.div(lengths(adapter)));
    }
    return all.to({ dtype });
  };
  const trained = adapters.flatMap((adapter) => {
    const byMagnitude = adapter.magnitude
      ? gradientOf(sum.record, adapter.magnitude.name)
      : undefined;
    return byMagnitude ? [{ adapter, byMagnitude }] : [];
  });
  const byBias = bias ? gradientOf(sum.record, bias.name) : undefined;
  const [output] = operate({
    inputs: rest ? [sum, rest] : [sum],
    cost: "cheap",
    trains: trained.length > 0 || byBias !== undefined,
    compute() {
      const result = tensorOf(sum).mul(factors());
      if (bias) result.add_(weights.cast(bias, dtype));
      if (rest) result.add_(tensorOf(rest));
      return [result];
    },
    reads: trained.length > 0 ? [sum] : [],
    backward([gradient]) {
      for (const { adapter, byMagnitude } of trained) {
        const { start, outFeatures } = adapter.part;
        const part = (of: Tensor) => of.narrow(1, start, outFeatures);
        const along = part(gradient!)
          .mul(part(tensorOf(sum)))
          .sum([0], false, { dtype: "float32" });
        byMagnitude.add_(along.div(lengths(adapter)));
      }
      byBias?.add_(gradient!.sum([0]));
      if (rest) addGradient(rest, gradient!.clone());
      addGradient(sum, gradient!.mul(factors()));
    },
  });
  return output!;
}

/** Dropout by itself. */
function dropped(x: Value, { p, key, rows }: InputDropout): Value {
  const [output] = operate({
    inputs: [x],
    cost: "cheap",
    compute: () => [keyedDropout(tensorOf(x), p, key, rows)],
    backward: ([gradient]) => addGradient(x, keyedDropout(gradient!, p, key, rows)),
  });
  return output!;
}

/** `a - b` */
function difference(a: Value, b: Value): Value {
  const [output] = operate({
    inputs: [a, b],
    cost: "cheap",
    compute: () => [tensorOf(a).sub(tensorOf(b))],
    backward([gradient]) {
      addGradient(a, gradient!.clone());
      addGradient(b, gradient!.neg());
    },
  });
  return output!;
}
