/** Low-rank adapters of the embedding: what they add to the rows of tokens. */
import type { EmbeddingAdapter } from "../models/index.js";
import type { Parameter } from "../nn/index.js";
import { embedding, linalgVectorNorm, type Tensor, tidy } from "../tensor/index.js";
import { type Strength, scaleOf } from "./strength.js";

/** The adapter of an embedding: it adds `scale · strength · A[:, ids]ᵀ Bᵀ` to the rows of tokens. */
export interface LowRankRows {
  /** [rank, vocab] */
  a: Parameter;
  /** [dim, rank] */
  b: Parameter;
  /** Lengths of the columns of embedding and adapter together, [dim] (DoRA), or null. */
  magnitude: Parameter | null;
  scale: number;
  strength: Strength;
}

/** Lengths of the columns of embedding and adapter together. @param weight [vocab, dim] */
export function columnLengths(weight: Tensor, rows: Omit<LowRankRows, "magnitude">) {
  const { a, b } = rows;
  const low = b.tensor.matmul(a.tensor).transpose(0, 1).to({ dtype: weight.dtype }); // [vocab, dim]
  return linalgVectorNorm(weight.add(low, { alpha: scaleOf(rows) }), 2, [0], false, {
    dtype: "float32",
  });
}

/**
 * As PEFT computes it, without dropout; A gets no gradient from the padding token.
 *
 * @param weight the embedding itself
 * @param padding id of the padding token
 */
export function embeddingAdapter(
  weight: Parameter,
  rows: LowRankRows,
  padding: number | null,
): EmbeddingAdapter {
  const { a, b, magnitude } = rows;
  const parameters = [a, b, magnitude].filter((one) => one !== null);
  /** [n, rank] */
  const innerOf = (ids: Tensor) => embedding(a.tensor.transpose(0, 1), ids);
  const lowOf = (ids: Tensor) => innerOf(ids).matmul(b.tensor.transpose(0, 1)).mul_(scaleOf(rows));
  const lengths = () => columnLengths(weight.tensor, rows);
  return {
    parameters: () => parameters,
    tensors: () => parameters.map(({ tensor }) => tensor),
    apply: (values, ids) =>
      tidy(() => {
        const sum = values.to({ dtype: "float32" }).add(lowOf(ids));
        const result = magnitude ? sum.mul(magnitude.tensor.div(lengths())) : sum;
        return result.to({ dtype: values.dtype });
      }),
    addGradients(gradients, ids, byRows) {
      const [byA, byB] = [gradients.get(a.name), gradients.get(b.name)];
      const byMagnitude = magnitude ? gradients.get(magnitude.name) : undefined;
      tidy(() => {
        let bySum = byRows;
        if (magnitude) {
          const byLength = lengths().reciprocal();
          if (byMagnitude) {
            const sum = embedding(weight.tensor, ids).to({ dtype: "float32" }).add(lowOf(ids));
            byMagnitude.add_(byRows.mul(sum).sum([0]).mul(byLength));
          }
          bySum = byRows.mul(byLength.mul(magnitude.tensor));
        }
        byB?.addmm_(bySum.transpose(0, 1), innerOf(ids), { alpha: scaleOf(rows) });
        if (!byA) return;
        const counted = padding === null ? bySum : bySum.mul(ids.ne(padding).unsqueeze(1));
        const byInner = counted.matmul(b.tensor).mul_(scaleOf(rows)); // [n, rank]
        byA.indexAdd_(1, ids, byInner.transpose(0, 1).contiguous());
      });
    },
  };
}
