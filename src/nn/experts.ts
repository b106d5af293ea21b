/**
 * Tokens sorted by their experts, so that each expert computes one product for all of its tokens, and
 * brought back. Sums go over the choices of a token in order: results do not depend on which thread
 * came first.
 *
 * Shapes: n tokens, k experts for each, n * k slots: a token with one of its experts.
 */
import { arange, cat, ones, type Tensor, tidy, zeros } from "../tensor/index.js";
import { addGradient, decide, operate, tensorOf, type Value } from "./record.js";

/** The slots of a group of tokens, sorted by expert. */
export interface ExpertSlots {
  /** Experts of each token, k. */
  perToken: number;
  /** [n * k] int64: the place that each slot has among those sorted by token. */
  order: Tensor;
  /** [n * k] int64: its token. */
  tokens: Tensor;
  /** [n * k] int64: for slots sorted by token, the place among those sorted by expert. */
  places: Tensor;
  /** The experts that have tokens, with their rows among the sorted slots. */
  ranges: readonly ExpertRange[];
}

/** The slots of one expert. */
export interface ExpertRange {
  expert: number;
  start: number;
  count: number;
}

/**
 * Sorts tokens by their experts. The host reads how many each expert has.
 *
 * @param value from which the experts were chosen
 * @param chosen [n, k] int64, the experts of each token
 * @param experts how many there are
 */
export function sortByExpert(value: Value, chosen: Tensor, experts: number): ExpertSlots {
  const [n = 0, perToken = 0] = chosen.shape;
  const { device } = chosen;
  const [order, tokens, places, counts] = decide(value, () => {
    const flat = chosen.view([n * perToken]);
    const sorted = flat.sort()[1];
    const all = arange(0, n, 1, { dtype: "int64", device }).repeatInterleave(perToken);
    const one = ones([n * perToken], { dtype: "int32", device });
    return [
      sorted,
      all.indexSelect(0, sorted),
      sorted.sort()[1],
      zeros([experts], { dtype: "int32", device }).scatterAdd_(0, flat, one),
    ];
  });
  const ranges = tidy(() => {
    const read = counts!.to({ device: "cpu" }).bytes().slice();
    return rangesOf(counted(new Int32Array(read.buffer), n * perToken));
  });
  return { perToken, order: order!, tokens: tokens!, places: places!, ranges };
}

/** In a rehearsal, tensors have no values and nothing is counted: experts have equal shares then. */
function counted(counts: Int32Array, slots: number): Int32Array {
  if (counts.some((count) => count > 0)) return counts;
  const [share, rest] = [Math.floor(slots / counts.length), slots % counts.length];
  return counts.map((_, expert) => share + (expert < rest ? 1 : 0));
}

function rangesOf(counts: Int32Array): ExpertRange[] {
  let start = 0;
  const ranges = Array.from(counts, (count, expert) => {
    const range = { expert, start, count };
    start += count;
    return range;
  });
  return ranges.filter(({ count }) => count > 0);
}

/** The rows of each expert among sorted slots, without a copy. @param rows [n * k, ...] */
function rowsOfExperts(rows: Tensor, ranges: readonly ExpertRange[]): Tensor[] {
  return ranges.map(({ start, count }) => rows.narrow(0, start, count));
}

/** Gradients of the rows of each expert, one after the other; zero where none arrived. */
function joinGradients(
  gradients: readonly (Tensor | null)[],
  ranges: readonly ExpertRange[],
): Tensor {
  const { dtype, device, shape } = gradients.find((one) => one !== null)!;
  return cat(
    gradients.map(
      (one, i) => one ?? zeros([ranges[i]!.count, ...shape.slice(1)], { dtype, device }),
    ),
    0,
  );
}

/** Sums over the slots of each token. @param rows [n * k, width] sorted by expert @returns [n, width] */
function sumByToken(rows: Tensor, { places, perToken }: ExpertSlots): Tensor {
  const [, width = 0] = rows.shape;
  return rows.indexSelect(0, places).view([-1, perToken, width]).sum([1]);
}

/** The tokens of each expert. @param x [n, dim] @returns [count, dim] for each range */
export function dispatchTokens(x: Value, slots: ExpertSlots): Value[] {
  const { tokens, ranges } = slots;
  return operate({
    inputs: [x],
    cost: "cheap",
    compute: () => rowsOfExperts(tensorOf(x).indexSelect(0, tokens), ranges),
    backward(gradients) {
      addGradient(x, sumByToken(joinGradients(gradients, ranges), slots));
    },
  });
}

/** Sums what the experts made of each token. @param outputs [count, dim] by range @returns [n, dim] */
export function combineTokens(outputs: readonly Value[], slots: ExpertSlots): Value {
  const [output] = operate({
    inputs: outputs,
    cost: "cheap",
    compute: () => [sumByToken(cat(outputs.map(tensorOf), 0), slots)],
    backward([gradient]) {
      rowsOfExperts(slots.tokens, slots.ranges).forEach((tokens, i) => {
        addGradient(outputs[i]!, gradient!.indexSelect(0, tokens));
      });
    },
  });
  return output!;
}

/** Rows of all experts as one value. @param parts [count, width] by range @returns [n * k, width] */
export function joinExperts(parts: readonly Value[], { ranges }: ExpertSlots): Value {
  const [output] = operate({
    inputs: parts,
    cost: "cheap",
    compute: () => [cat(parts.map(tensorOf), 0)],
    backward([gradient]) {
      rowsOfExperts(gradient!, ranges).forEach((rows, i) => {
        addGradient(parts[i]!, rows.clone());
      });
    },
  });
  return output!;
}

/** The opposite of {@link joinExperts}. @param rows [n * k, width] @returns [count, width] by range */
export function splitExperts(rows: Value, { ranges }: ExpertSlots): Value[] {
  return operate({
    inputs: [rows],
    cost: "cheap",
    compute: () => rowsOfExperts(tensorOf(rows), ranges),
    backward: (gradients) => addGradient(rows, joinGradients(gradients, ranges)),
  });
}

/**
 * Multiplies rows by the weights of their slots.
 *
 * @param rows [n * k, width] sorted by expert
 * @param weights [n, k], perhaps of a wider type
 * @returns [n * k, width] in the type of the rows
 */
export function weighSlots(rows: Value, weights: Value, { order, places }: ExpertSlots): Value {
  const sorted = () => tensorOf(weights).view([-1]).indexSelect(0, order).unsqueeze(1); // [n * k, 1]
  const narrowed = (product: Tensor) => {
    const { dtype } = rows;
    return product.dtype === dtype ? product : product.to({ dtype });
  };
  const [output] = operate({
    inputs: [rows, weights],
    cost: "cheap",
    compute: () => [narrowed(tensorOf(rows).mul(sorted()))],
    reads: [rows, weights],
    backward([gradient]) {
      if (weights.needsGradient) {
        const { dtype, shape } = tensorOf(weights);
        const bySlot = gradient!.mul(tensorOf(rows)).sum([1], false, { dtype: "float32" });
        addGradient(
          weights,
          bySlot
            .indexSelect(0, places)
            .view([...shape])
            .to({ dtype }),
        );
      }
      addGradient(rows, narrowed(gradient!.mul(sorted())));
    },
  });
  return output!;
}
