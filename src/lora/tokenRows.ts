/** Rows of single tokens that are trained in place of those of the embedding or of the output head. */
import {
  type EmbeddingAdapter,
  type HeadAdapter,
  outputGradient,
  outputWeight,
} from "../models/index.js";
import {
  type AffineLayer,
  addGradient,
  addProduct,
  gradientOf,
  operate,
  type Parameter,
  product,
  tensorOf,
} from "../nn/index.js";
import {
  type Device,
  embedding,
  type Tensor,
  tensor,
  tidy,
  where,
  zerosLike,
} from "../tensor/index.js";

/** Trained rows, and where they belong. */
export interface TokenRows {
  /** [count, dim] */
  rows: Parameter;
  /** Their token ids. */
  indices: readonly number[];
  /** The same, [count] int64. */
  ids: Tensor;
  /** For each token of the vocabulary the place of its row, or `count` where it has none, [vocab] int64. */
  places: Tensor;
  /** One for each token without a row, zero for the others, [vocab] float32. */
  others: Tensor;
}

/** @param indices token ids, each once */
export function tokenRows(
  rows: Parameter,
  indices: readonly number[],
  vocabulary: number,
  device: Device,
): TokenRows {
  const places = new BigInt64Array(vocabulary).fill(BigInt(indices.length));
  const others = new Float32Array(vocabulary).fill(1);
  indices.forEach((id, place) => {
    places[id] = BigInt(place);
    others[id] = 0;
  });
  const ids = BigInt64Array.from(indices, BigInt);
  const put = (values: BigInt64Array | Float32Array) =>
    device === "cpu" || device === "meta"
      ? tensor(values)
      : tidy(() => tensor(values).to({ device }));
  return { rows, indices, ids: put(ids), places: put(places), others: put(others) };
}

function ownTensors({ rows, ids, places, others }: TokenRows): Tensor[] {
  return [rows.tensor, ids, places, others];
}

/** The rows in place of the embedding's. @param padding id of the padding token, which learns nothing */
export function embeddingRows(trained: TokenRows, padding: number | null): EmbeddingAdapter {
  const { rows, places } = trained;
  const [count = 0] = rows.tensor.shape;
  const placesOf = (ids: Tensor) => places.indexSelect(0, ids); // [n]
  return {
    parameters: () => [rows],
    tensors: () => ownTensors(trained),
    apply: (values, ids) =>
      tidy(() => {
        const at = placesOf(ids);
        const chosen = embedding(rows.tensor, at.clamp(0, count - 1)).to({ dtype: values.dtype });
        return where(at.lt(count).unsqueeze(1), chosen, values);
      }),
    addGradients(gradients, ids, byRows) {
      const sum = gradients.get(rows.name);
      if (!sum) return;
      tidy(() => {
        const at = placesOf(ids);
        let counted = byRows.mul(at.lt(count).unsqueeze(1));
        if (padding !== null) counted = counted.mul(ids.ne(padding).unsqueeze(1));
        sum.indexAdd_(0, at.clamp(0, count - 1), counted);
      });
    },
  };
}

/**
 * The rows in place of the output head's.
 *
 * @param sharedWith the adapter of the embedding whose rows they are; undefined for rows of its own
 * @param normalizes whether the head divides rows by their lengths (NormHead)
 */
export function headRows(
  trained: TokenRows,
  head: AffineLayer,
  { sharedWith, normalizes }: { sharedWith?: EmbeddingAdapter | undefined; normalizes: boolean },
): HeadAdapter {
  const { rows, indices, ids, others } = trained;
  const own = { weight: rows, normalizesRows: normalizes };
  return {
    sharedWith,
    parameters: () => (sharedWith ? [] : [rows]),
    tensors: () => (sharedWith ? [] : ownTensors(trained)),
    mergeInto(weight) {
      tidy(() => {
        indices.forEach((id, i) => {
          weight.narrow(0, id, 1).copy_(rows.tensor.narrow(0, i, 1));
        });
      });
    },
    apply(hidden, group) {
      const { weights, dtype } = group;
      const bySum = gradientOf(hidden.record, rows.name);
      const chosen = () => outputWeight(own, weights, dtype); // [count, dim]
      const [output] = operate({
        inputs: [hidden],
        cost: "dear",
        trains: bySum !== undefined,
        compute() {
          const x = tensorOf(hidden);
          const plain = product(x, group, head).mul_(others.to({ dtype }));
          return [plain.indexAdd_(1, ids, x.matmul(chosen().transpose(0, 1)))];
        },
        reads: bySum ? [hidden] : [],
        backward([gradient]) {
          const byChosen = gradient!.indexSelect(1, ids); // [n, count]
          if (bySum && normalizes) {
            const byUnit = zerosLike(bySum);
            addProduct(byUnit, byChosen.transpose(0, 1), tensorOf(hidden));
            bySum.add_(outputGradient(own, byUnit));
          } else if (bySum) addProduct(bySum, byChosen.transpose(0, 1), tensorOf(hidden));
          if (!hidden.needsGradient) return;
          const byPlain = gradient!.mul(others.to({ dtype }));
          const byHidden = byPlain.matmul(head.preparedWeight(weights, dtype));
          addGradient(hidden, byHidden.add_(byChosen.matmul(chosen())));
        },
      });
      return output!;
    },
  };
}
