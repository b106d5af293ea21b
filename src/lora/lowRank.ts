/** The two products of low-rank adapters (Hu et al., 2021, arXiv 2106.09685) on a stack of layers. */
import {
  type AffineLayer,
  addGradient,
  gradientOf,
  keyedDropout,
  type LinearPart,
  type MaskRows,
  operate,
  type Parameter,
  type ProductGroup,
  productOf,
  tensorOf,
  type Value,
} from "../nn/index.js";
import { cat, linear, type Tensor } from "../tensor/index.js";
import { hashKey } from "../util/hash.js";
import { type Strength, scaleOf } from "./strength.js";

/** The adapter of one linear layer: it adds `scale · strength · (dropout(x) Aᵀ Bᵀ + bias)` to its output. */
export interface Adapter {
  /** Row range of the layer in its stack. */
  part: LinearPart;
  /** [rank, in] */
  a: Parameter;
  /** [out, rank] */
  b: Parameter;
  /** [out], or null */
  bias: Parameter | null;
  /** Lengths of the rows of weight and adapter together, [out] (DoRA), or null. */
  magnitude: Parameter | null;
  scale: number;
  strength: Strength;
  /** Probability with which training drops elements of its input. */
  dropout: number;
}

/** Dropout of what adapters read, in one pass. Equal keys drop equal elements. */
export interface InputDropout {
  p: number;
  key: number;
  rows?: MaskRows | undefined;
}

/**
 * The dropout of a layer's adapters in a pass, or null where it is off.
 *
 * @param position which of its branch's layers it is: each drops elements of its own
 */
export function inputDropout(
  p: number,
  { dropoutKey, index, maskRows: rows }: ProductGroup,
  position: number,
): InputDropout | null {
  if (p === 0 || dropoutKey === null) return null;
  return { p, key: hashKey(dropoutKey + position, index), rows };
}

/** Parameters of an adapter that it has. */
export function parametersOf({ a, b, bias, magnitude }: Adapter): Parameter[] {
  return [a, b, bias, magnitude].filter((one) => one !== null);
}

/** Adapters that read the same dropped input, and the rows of their A in one product. */
export interface Lowering {
  adapters: readonly Adapter[];
  /** Of each adapter in the stacked inner values. */
  columns: readonly { column: number; rank: number }[];
}

/** Stacks the A of adapters. */
export function loweringOf(adapters: readonly Adapter[]): Lowering {
  let column = 0;
  const columns = adapters.map(({ a }) => {
    const place = { column, rank: a.tensor.size(0) };
    column += place.rank;
    return place;
  });
  return { adapters, columns };
}

/** `dropout(x) Aᵀ` of all its adapters at once. @param x [n, in] @returns [n, sum of ranks] */
export function lowered(
  x: Value,
  group: ProductGroup,
  { adapters, columns }: Lowering,
  dropout: InputDropout | null,
): Value {
  const { weights, dtype } = group;
  const drop = (values: Tensor) =>
    dropout ? keyedDropout(values, dropout.p, dropout.key, dropout.rows) : values;
  const isFrozen = adapters.every(({ a }) => !a.trainable);
  const down = () =>
    weights.make(adapters, dtype, isFrozen, () =>
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
        columns.forEach(({ column, rank }, i) => {
          byDowns[i]?.add_(byDown.narrow(0, column, rank));
        });
      }
      if (x.needsGradient) addGradient(x, drop(gradient!.matmul(down())));
    },
  });
  return inner!;
}

/**
 * `x Wᵀ + b + Σ scale · strength · (inner Bᵀ + bias)`.
 *
 * @param inners [n, sum of ranks] of each lowering
 * @param base without its bias where something is still to be done to the sum
 * @returns [n, out]
 */
export function raised(
  x: Value,
  inners: readonly Value[],
  group: ProductGroup,
  base: AffineLayer,
  lowerings: readonly Lowering[],
): Value {
  const { weights, dtype } = group;
  const up = ({ b }: Adapter) => weights.cast(b, dtype); // [out of the part, rank]
  const sumOf = (parameter: Parameter | null) =>
    parameter ? gradientOf(x.record, parameter.name) : undefined;
  const terms = lowerings.flatMap(({ adapters, columns }, which) =>
    adapters.map((adapter, i) => {
      const { column, rank } = columns[i]!;
      const inner = () => tensorOf(inners[which]!).narrow(1, column, rank);
      return { adapter, which, inner, byUp: sumOf(adapter.b), byShift: sumOf(adapter.bias) };
    }),
  );
  const byBias = sumOf(base.bias);
  const trainsUp = terms.some(({ byUp }) => byUp !== undefined);
  const [output] = operate({
    inputs: [x, ...inners],
    cost: "dear",
    trains: trainsUp || byBias !== undefined || terms.some(({ byShift }) => byShift !== undefined),
    compute() {
      const result = productOf(x, group, base);
      for (const { adapter, inner } of terms) {
        const { part, bias } = adapter;
        const scale = scaleOf(adapter);
        const rows = result.narrow(1, part.start, part.outFeatures);
        rows.addmm_(inner(), up(adapter).transpose(0, 1), { alpha: scale });
        if (bias) rows.add_(weights.cast(bias, dtype), { alpha: scale });
      }
      return [result];
    },
    reads: trainsUp ? [...inners] : [],
    backward([gradient]) {
      const byInners: Tensor[][] = lowerings.map(() => []);
      for (const { adapter, which, inner, byUp, byShift } of terms) {
        const { part } = adapter;
        const scale = scaleOf(adapter);
        const rows = gradient!.narrow(1, part.start, part.outFeatures); // [n, out of the part]
        byInners[which]!.push(rows.matmul(up(adapter)).mul_(scale));
        byShift?.add_(rows.sum([0]), { alpha: scale });
        if (!byUp) continue;
        // [rank, out], turned: the other order of this product is a quarter slower.
        const turned = inner().transpose(0, 1).matmul(rows);
        byUp.add_(turned.transpose(0, 1), { alpha: scale });
      }
      byBias?.add_(gradient!.sum([0]));
      inners.forEach((inner, which) => {
        addGradient(inner, cat(byInners[which]!, 1));
      });
      if (x.needsGradient) addGradient(x, gradient!.matmul(base.preparedWeight(weights, dtype)));
    },
  });
  return output!;
}
