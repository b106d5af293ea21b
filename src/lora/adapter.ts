/** Low-rank adapters (Hu et al., 2021, arXiv 2106.09685) around linear layers of any kind. */
import {
  addGradient,
  gradientOf,
  keyedDropout,
  type Linear,
  type LinearPart,
  operate,
  type Parameter,
  product,
  type TokenGroup,
  tensorOf,
  type Value,
} from "../nn/index.js";
import { cat, linear, type Tensor } from "../tensor/index.js";
import { hashKey } from "../util/hash.js";

/** The adapter of one linear layer: it adds `scale · dropout(x) Aᵀ Bᵀ` to the layer's output. */
export interface Adapter {
  /** Row range of the layer in its stack. */
  part: LinearPart;
  /** [rank, in] */
  a: Parameter;
  /** [out, rank] */
  b: Parameter;
  scale: number;
}

/** A linear layer with adapters on some of its parts. */
export interface AdaptedLinear extends Linear {
  base: Linear;
  adapters: Adapter[];
}

export function isAdapted(layer: Linear): layer is AdaptedLinear {
  return "adapters" in layer;
}

/** How an adapted layer drops elements of its adapters' input while training. */
export interface AdapterDropout {
  /** Probability; parts of one stack read the same dropped input. */
  p: number;
  /** Which of its branch's layers it is: each drops elements of its own. */
  position: number;
}

/** Puts adapters around a layer, dense or quantized. The layer itself stays frozen. */
export function adaptLinear(
  base: Linear,
  adapters: Adapter[],
  dropout: AdapterDropout,
): AdaptedLinear {
  return {
    base,
    adapters,
    inFeatures: base.inFeatures,
    outFeatures: base.outFeatures,
    parts: base.parts,
    bias: base.bias,
    elements: adapters.reduce(
      (sum, { a, b }) => sum + a.tensor.numel + b.tensor.numel,
      base.elements,
    ),
    apply: (x, group) => raised(x, lowered(x, group, adapters, dropout), group, base, adapters),
    parameters: () => adapters.flatMap(({ a, b }) => [a, b]),
    preparedWeight: base.preparedWeight,
    denseWeight: base.denseWeight,
    tensors: () => [...base.tensors(), ...adapters.flatMap(({ a, b }) => [a.tensor, b.tensor])],
  };
}

/** Columns of an adapter in the stacked inner values. */
function columnsOf(adapters: readonly Adapter[]): { column: number; rank: number }[] {
  let column = 0;
  return adapters.map(({ a }) => {
    const place = { column, rank: a.tensor.size(0) };
    column += place.rank;
    return place;
  });
}

/** `dropout(x) Aᵀ` of all adapters at once. @param x [n, in] @returns [n, sum of ranks] */
function lowered(
  x: Value,
  group: TokenGroup,
  adapters: readonly Adapter[],
  { p, position }: AdapterDropout,
): Value {
  const { weights, dtype, dropoutKey, index } = group;
  const drop = (values: Tensor) =>
    p > 0 && dropoutKey !== null
      ? keyedDropout(values, p, hashKey(dropoutKey + position, index))
      : values;
  const down = () =>
    weights.make(adapters, dtype, false, () =>
      cat(
        adapters.map(({ a }) => a.tensor),
        0,
      ).to({ dtype }),
    ); // [sum of ranks, in]
  const byDowns = adapters.map(({ a }) => gradientOf(x.record, a.name));
  const trains = byDowns.some((gradient) => gradient !== undefined);
  const [inner] = operate({
    inputs: [x],
    cost: "dear",
    trains,
    compute: () => [linear(drop(tensorOf(x)), down())],
    reads: trains ? [x] : [],
    backward([gradient]) {
      if (trains) {
        const byDown = gradient!.transpose(0, 1).matmul(drop(tensorOf(x)));
        columnsOf(adapters).forEach(({ column, rank }, i) => {
          byDowns[i]?.add_(byDown.narrow(0, column, rank));
        });
      }
      if (x.needsGradient) addGradient(x, drop(gradient!.matmul(down())));
    },
  });
  return inner!;
}

/** `x Wᵀ + b + Σ scale · inner Bᵀ`. @param inner [n, sum of ranks] @returns [n, out] */
function raised(
  x: Value,
  inner: Value,
  group: TokenGroup,
  base: Linear,
  adapters: readonly Adapter[],
): Value {
  const { weights, dtype } = group;
  const places = columnsOf(adapters);
  const up = ({ b }: Adapter) => weights.cast(b, dtype); // [out of the part, rank]
  const byUps = adapters.map(({ b }) => gradientOf(x.record, b.name));
  const trains = byUps.some((gradient) => gradient !== undefined);
  const [output] = operate({
    inputs: [x, inner],
    cost: "dear",
    trains,
    compute() {
      const result = product(tensorOf(x), group, base);
      adapters.forEach((adapter, i) => {
        const { part, scale } = adapter;
        const { column, rank } = places[i]!;
        result
          .narrow(1, part.start, part.outFeatures)
          .addmm_(tensorOf(inner).narrow(1, column, rank), up(adapter).transpose(0, 1), {
            alpha: scale,
          });
      });
      return [result];
    },
    reads: trains ? [inner] : [],
    backward([gradient]) {
      const byInner: Tensor[] = [];
      adapters.forEach((adapter, i) => {
        const { part, scale } = adapter;
        const { column, rank } = places[i]!;
        const rows = gradient!.narrow(1, part.start, part.outFeatures); // [n, out of the part]
        byInner.push(rows.matmul(up(adapter)).mul_(scale));
        if (!byUps[i]) return;
        // [rank, out], turned: the other order of this product is a quarter slower.
        const byUp = tensorOf(inner).narrow(1, column, rank).transpose(0, 1).matmul(rows);
        byUps[i].add_(byUp.transpose(0, 1), { alpha: scale });
      });
      addGradient(inner, cat(byInner, 1));
      if (x.needsGradient) addGradient(x, gradient!.matmul(base.preparedWeight(weights, dtype)));
    },
  });
  return output!;
}
