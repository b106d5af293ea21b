/** Frozen linear layers whose weights stay as a file has them. */
import { cat, type DType, storedValues, type Tensor, tidy } from "../tensor/index.js";
import { affine, type Linear, type LinearPart } from "./linear.js";
import type { Parameter } from "./parameter.js";
import { type StoredType, type StoredWeights, storedTypes } from "./stored.js";

/** Some rows of a weight in one type. */
export interface StoredRows {
  type: StoredType;
  /** [rows, bytes of a row's blocks] uint8; of a type of single values [rows, in] in that type */
  tensor: Tensor;
}

/** Rows of one weight as products take them. */
export function storedWeights(rows: readonly StoredRows[]): StoredWeights {
  return {
    tensors: rows.map(({ tensor }) => tensor),
    types: rows.map(({ type }) => storedTypes[type]),
  };
}

/** A frozen linear layer whose weight stays as a file has it. */
export interface StoredLinear extends Linear {
  rows: readonly StoredRows[];
}

export function isStored(layer: Linear): layer is StoredLinear {
  return "rows" in layer;
}

/**
 * A frozen linear layer. Products of many rows are of a float32 copy, which stays where memory allows.
 *
 * @param rows the weights of its parts, one below the other
 */
export function storedLayer(
  parts: readonly LinearPart[],
  inFeatures: number,
  rows: readonly StoredRows[],
  bias: Parameter | null,
): StoredLinear {
  const outFeatures = parts.reduce((sum, part) => sum + part.outFeatures, 0);
  const stored = storedWeights(rows);
  const denseWeight = (dtype: DType) =>
    tidy(() => cat(rows.map((one) => valuesOf(one, inFeatures).to({ dtype }))));
  const layer: StoredLinear = {
    rows,
    inFeatures,
    outFeatures,
    parts,
    bias,
    elements: inFeatures * outFeatures + (bias ? outFeatures : 0),
    apply: (x, group) => affine(x, group, layer, null),
    parameters: () => (bias ? [bias] : []),
    preparedWeight: (weights, dtype) => weights.make(rows, dtype, true, () => denseWeight(dtype)),
    denseWeight,
    stored: () => stored,
    tensors: () => [...stored.tensors, ...(bias ? [bias.tensor] : [])],
  };
  return layer;
}

/** The values of stored rows, [rows, in]: float32, or the type of single values. */
function valuesOf({ type, tensor }: StoredRows, inFeatures: number): Tensor {
  return tensor.dtype === "uint8" ? storedValues(tensor, storedTypes[type], inFeatures) : tensor;
}
