/** Fewer or calmer points than a run has written. */
import type { Curve } from "./types.js";

/**
 * At most about `count` points with the same outline: of each stretch of points, the lowest and the
 * highest stay, and so does one that is not finite.
 */
export function thinCurve(curve: Curve, count: number): Curve {
  const { x, y } = curve;
  if (x.length <= count) return curve;
  const stretch = Math.ceil((2 * x.length) / count);
  const kept: number[] = [];
  for (let start = 0; start < x.length; start += stretch) {
    const end = Math.min(x.length, start + stretch);
    let [low, high, gap] = [-1, -1, -1];
    for (let i = start; i < end; i++) {
      if (!Number.isFinite(y[i])) {
        gap = i;
        continue;
      }
      if (low < 0 || y[i]! < y[low]!) low = i;
      if (high < 0 || y[i]! > y[high]!) high = i;
    }
    const chosen = [...new Set([low, high, gap])].filter((i) => i >= 0);
    kept.push(...chosen.sort((one, other) => one - other));
  }
  return { run: curve.run, x: kept.map((i) => x[i]!), y: kept.map((i) => y[i]!) };
}

/**
 * The exponential moving average that TensorBoard draws, without its pull towards 0 at the beginning
 * (the bias correction of Kingma & Ba 2014, section 3).
 *
 * @param weight of the past, 0 (no smoothing) to below 1
 */
export function smoothCurve(curve: Curve, weight: number): Curve {
  if (weight === 0) return curve;
  let mean = 0;
  let total = 0;
  const y = curve.y.map((value) => {
    if (!Number.isFinite(value)) return value;
    mean = weight * mean + (1 - weight) * value;
    total = weight * total + (1 - weight);
    return mean / total;
  });
  return { ...curve, y };
}
