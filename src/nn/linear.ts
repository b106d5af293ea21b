/**
 * Linear layers. Layers that read the same input (q, k and v; gate and up) are stacked on their
 * output axis and computed as one product; the parts keep their names for adapters and files.
 */
import { type DType, linear, storedLinear, type Tensor } from "../tensor/index.js";
import type { ProductGroup } from "./branches.js";
import type { Parameter, PreparedWeights } from "./parameter.js";
import { addGradient, gradientOf, operate, tensorOf, type Value } from "./record.js";
import { type StoredWeights, storedAs } from "./stored.js";

/** One of the layers in a stack: rows `start` to `start + outFeatures` of the stacked weight. */
export interface LinearPart {
  /** Full name in Hugging Face's terms, such as `model.layers.0.self_attn.q_proj`. */
  name: string;
  start: number;
  outFeatures: number;
}

/** A stack of linear layers. */
export interface Linear {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly parts: readonly LinearPart[];
  /** The bias [out], or null. */
  readonly bias: Parameter | null;
  /** Elements of weight, bias and adapters, whatever they are stored in. */
  readonly elements: number;
  /** @param x [n, in] @returns [n, out] */
  apply(x: Value, group: ProductGroup): Value;
  /** Tensors that training may change. */
  parameters(): Parameter[];
  /** The weight [out, in] for products, without adapters; it stays `weights`'. */
  preparedWeight(weights: PreparedWeights, dtype: DType): Tensor;
  /** The same in a tensor that is the caller's to dispose. */
  denseWeight(dtype: DType): Tensor;
  /** The weight as it lies in memory, for products of a few rows; undefined where there is no such product. */
  stored?(weights: PreparedWeights): StoredWeights | undefined;
  /** Every tensor held, to free or to count. */
  tensors(): Tensor[];
}

/** Names and sizes into parts with their offsets. */
export function stackParts(parts: readonly { name: string; outFeatures: number }[]): LinearPart[] {
  let start = 0;
  return parts.map(({ name, outFeatures }) => {
    const part = { name, start, outFeatures };
    start += outFeatures;
    return part;
  });
}

/**
 * The parts of a stack and the name that its weight and bias have in common.
 *
 * @param prefix module of the layers
 * @param outFeatures output sizes by name within the module
 */
export function nameStack(
  prefix: string,
  outFeatures: Readonly<Record<string, number>>,
): { name: string; parts: LinearPart[] } {
  const sizes = Object.entries(outFeatures);
  return {
    name: `${prefix}.${sizes.map(([name]) => name).join("+")}`,
    parts: stackParts(
      sizes.map(([name, size]) => ({ name: `${prefix}.${name}`, outFeatures: size })),
    ),
  };
}

/** A linear layer with a dense weight. @param weight [out, in] @param bias [out] or null */
export function denseLinear(
  weight: Parameter,
  bias: Parameter | null,
  parts: readonly LinearPart[],
): Linear {
  const [outFeatures = 0, inFeatures = 0] = weight.tensor.shape;
  const layer: Linear = {
    inFeatures,
    outFeatures,
    parts,
    bias,
    elements: inFeatures * outFeatures + (bias ? outFeatures : 0),
    apply: (x, group) => affine(x, group, layer, weight.name),
    parameters: () => (bias ? [weight, bias] : [weight]),
    preparedWeight: (weights, dtype) => weights.cast(weight, dtype),
    denseWeight: (dtype) => weight.tensor.to({ dtype }),
    stored: () => storedAs(weight.tensor),
    tensors: () => (bias ? [weight.tensor, bias.tensor] : [weight.tensor]),
  };
  return layer;
}

/** What {@link affine} needs of a layer. */
export type AffineLayer = Pick<Linear, "bias" | "preparedWeight" | "stored">;

/**
 * `x Wᵀ + b`.
 *
 * @param x [n, in]
 * @param weightName name under which the weight is trained; null for one that cannot be
 * @returns [n, out]
 */
export function affine(
  x: Value,
  group: ProductGroup,
  layer: AffineLayer,
  weightName: string | null,
): Value {
  const { bias } = layer;
  const byWeight = weightName === null ? undefined : gradientOf(x.record, weightName);
  const byBias = bias ? gradientOf(x.record, bias.name) : undefined;
  const [output] = operate({
    inputs: [x],
    cost: "dear",
    trains: byWeight !== undefined || byBias !== undefined,
    compute: () => [productOf(x, group, layer)],
    reads: byWeight ? [x] : [],
    backward([gradient]) {
      if (x.needsGradient) {
        addGradient(x, gradient!.matmul(layer.preparedWeight(group.weights, group.dtype)));
      }
      if (byWeight) addProduct(byWeight, gradient!.transpose(0, 1), tensorOf(x));
      byBias?.add_(gradient!.sum([0]));
    },
  });
  return output!;
}

/**
 * The product of a value. Where nothing is trained and rows are few, it reads the weight as it is
 * stored; the sum of each row is then the same, bit for bit, whatever the other rows are.
 *
 * @param x [n, in]
 * @returns [n, out]
 */
export function productOf(x: Value, group: ProductGroup, layer: AffineLayer): Tensor {
  const values = tensorOf(x);
  return (
    (x.inference ? productOfFew(values, group, layer) : undefined) ?? product(values, group, layer)
  );
}

/** Rows up to which reading the weight as it is stored is faster than a product of matrices. */
const FEW_ROWS = 16;

function productOfFew(x: Tensor, group: ProductGroup, layer: AffineLayer): Tensor | undefined {
  if (x.size(0) > FEW_ROWS || x.dtype !== "float32" || x.device !== "cpu") return undefined;
  const stored = layer.stored?.(group.weights);
  return stored && storedLinear(x, stored.tensors, stored.types, layer.bias?.tensor);
}

/** The product itself, without a record. @param x [n, in] @returns [n, out] */
export function product(x: Tensor, { weights, dtype }: ProductGroup, layer: AffineLayer): Tensor {
  const { bias } = layer;
  const weight = layer.preparedWeight(weights, dtype);
  return linear(x, weight, bias ? weights.cast(bias, dtype) : null);
}

/** `sum += a b`, in the type of the sum where that is the type of the product. */
export function addProduct(sum: Tensor, a: Tensor, b: Tensor): void {
  if (a.dtype === sum.dtype) sum.addmm_(a, b);
  else sum.add_(a.matmul(b));
}
