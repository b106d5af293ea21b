/** The output head: its weight as the product takes it. */
import {
  type AffineLayer,
  type Parameter,
  type PreparedWeights,
  parameter,
  storedAs,
  storedWeights,
} from "../nn/index.js";
import { type DType, linalgVectorNorm, type Tensor, tidy } from "../tensor/index.js";
import type { CausalLanguageModel, OutputHead } from "./types.js";

/** The least norm that a row is divided by, as in `torch.nn.functional.normalize`. */
const LEAST_NORM = 1e-12;

/** Rows that are normalized at once: bounds the memory for float32 copies. */
const ROWS = 4096;

/** A weight of an output head, whole or some rows of it. */
type HeadWeight = Pick<OutputHead, "weight" | "normalizesRows" | "stored">;

/** Norms of rows in float32. @param weight [rows, dim] @returns [rows, 1] */
function rowNorms(weight: Tensor): Tensor {
  return linalgVectorNorm(weight, 2, -1, true, { dtype: "float32" }).clamp_(LEAST_NORM);
}

/** Divides each row by its norm, in place. @param weight [rows, dim] */
function normalizeRows_(weight: Tensor): void {
  for (let start = 0; start < weight.size(0); start += ROWS) {
    tidy(() => {
      const part = weight.narrow(0, start, Math.min(ROWS, weight.size(0) - start));
      part.copy_(normalizedRows(part));
    });
  }
}

/** Rows divided by their norms, in float32. @param weight [rows, dim] @returns likewise */
export function normalizedRows(weight: Tensor): Tensor {
  return weight.to({ dtype: "float32" }).div(rowNorms(weight));
}

/** Divides the rows of a frozen head by their norms once and for all; the logits stay the same. */
export function foldOutput({ output, embedding }: CausalLanguageModel): void {
  if (!output.normalizesRows) return;
  if (output.weight === embedding) output.weight = copyOf(embedding);
  normalizeRows_(output.weight.tensor);
  output.normalizesRows = false;
  output.isNormalized = true;
}

function copyOf({ name, tensor }: Parameter): Parameter {
  return parameter(name, tensor.clone());
}

/** The weight of the last product in `dtype`, [vocab, dim]; it stays `weights`'. */
export function outputWeight(output: HeadWeight, weights: PreparedWeights, dtype: DType): Tensor {
  const { weight, normalizesRows } = output;
  if (!normalizesRows) return weights.cast(weight, dtype);
  return weights.make(output, dtype, !weight.trainable, () =>
    normalizedRows(weight.tensor).to({ dtype }),
  );
}

/** The last product as that of a layer. */
export function headLayer(output: HeadWeight): AffineLayer {
  const { weight, normalizesRows, stored } = output;
  return {
    bias: null,
    preparedWeight: (weights, dtype) => outputWeight(output, weights, dtype),
    stored() {
      if (normalizesRows) return undefined;
      return stored ? storedWeights(stored.rows) : storedAs(weight.tensor);
    },
  };
}

/**
 * The gradient by the weight itself from that by what {@link outputWeight} gave.
 *
 * @param byProduct [vocab, dim] float32
 * @returns likewise
 */
export function outputGradient({ weight, normalizesRows }: HeadWeight, byProduct: Tensor): Tensor {
  if (!normalizesRows) return byProduct;
  return tidy(() => {
    const norms = rowNorms(weight.tensor);
    const rows = weight.tensor.to({ dtype: "float32" }).div(norms);
    const along = rows.mul(byProduct).sum([-1], true);
    return byProduct.sub(rows.mul(along)).div(norms);
  });
}
