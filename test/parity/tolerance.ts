/**
 * How far two right answers may lie apart. Processors sum in different orders (AVX-512, AVX2, one
 * number after the other), fuse a product and a sum or do not, and so round differently; a
 * tolerance is therefore a number of roundings, in units in the last place, of values of a size.
 */
import { expect } from "vitest";

const formats = {
  float32: { fractionBits: 23, leastExponent: -126 },
  float16: { fractionBits: 10, leastExponent: -14 },
  bfloat16: { fractionBits: 7, leastExponent: -126 },
};

/** `count` units in the last place of a number of the size of `scale`. */
export function ulps(count: number, dtype: keyof typeof formats, scale: number): number {
  const { fractionBits, leastExponent } = formats[dtype];
  const exponent = Math.max(leastExponent, Math.floor(Math.log2(Math.abs(scale))));
  return count * 2 ** (exponent - fractionBits);
}

/**
 * Units that `count` roundings in a row come to. Each is at most half a unit and evenly spread (a
 * deviation of 1/√12), they add up as a random walk does, and of some ten thousand values none is
 * further than four deviations out.
 */
export function roundings(count: number): number {
  return 4 * Math.sqrt(count / 12);
}

/** Norm, q and k, rotation, scores, softmax, values, output, sum; norm, gate, product, down, sum. */
const LAYER_STEPS = 14;

/**
 * What experts and keys from latent vectors put between: down, norm and up, for queries and for keys and
 * values; router, softmax, choice of groups and experts, their weights, two more sums.
 */
export const EXPERT_STEPS = 14;

/**
 * Units of the logits after a pass through a model, whose layers have some steps in a row, most of
 * them sums of up to `width` products.
 *
 * @param extraSteps of each layer: adapters put two more sums beside each of four products
 */
export function passUlps(layers: number, width: number, extraSteps = 0): number {
  return roundings((LAYER_STEPS + extraSteps) * layers * width);
}

/**
 * Units of a gradient: the way there, twice as much work on the way back, and a sum over tokens at
 * its end, whose terms may cancel to half their size.
 *
 * @param extraSteps of each layer
 */
export function gradientUlps(layers: number, width: number, extraSteps = 0): number {
  return 2 * roundings(3 * (LAYER_STEPS + extraSteps) * layers * width);
}

/** Units of a loss, the mean over `count` tokens: errors of the logits average out, and are summed. */
export function lossUlps(logitUlps: number, count: number): number {
  return logitUlps / Math.sqrt(count) + roundings(count);
}

/** The largest absolute value. */
export function largest(values: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]!));
  return most;
}

/** The largest absolute difference; infinite where one is no number or the lengths differ. */
export function worstDifference(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < theirs.length; i++) {
    const distance = Math.abs(ours[i]! - theirs[i]!);
    worst = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(worst, distance);
  }
  return worst;
}

/**
 * Expects all values within `count` float32 units of the largest of theirs.
 *
 * @param except as many may lie further apart
 */
export function expectClose(
  ours: ArrayLike<number>,
  theirs: ArrayLike<number>,
  count: number,
  where: string,
  except = 0,
): void {
  const unit = ulps(1, "float32", largest(theirs));
  const units = Float64Array.from(theirs, (value, i) => {
    const distance = Math.abs(ours[i]! - value);
    return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance / unit;
  }).sort();
  expect(ours.length, where).toBe(theirs.length);
  expect(units.at(-1 - except), `${where}, in units`).toBeLessThanOrEqual(count);
}
