/** Axes: the range of what is drawn, round numbers along it, and how they are written. */

/** Values from `low` to `high`, mapped to 0 … 1. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Round values between both ends, rising. */
  readonly ticks: readonly number[];
  /** Where a value lies: 0 at `low`, 1 at `high`. */
  place(value: number): number;
}

/**
 * A scale around the finite ones of `values`; 0 … 1 where there are none.
 *
 * @param count ticks that there is room for
 * @param isLogarithmic powers of ten at equal distances; values that are not positive are not shown
 */
export function scaleOf(values: Iterable<number>, count: number, isLogarithmic = false): Scale {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value) || (isLogarithmic && value <= 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) [low, high] = isLogarithmic ? [0.1, 1] : [0, 1];
  return isLogarithmic ? logarithmic(low, high, count) : linear(low, high, count);
}

function linear(low: number, high: number, count: number): Scale {
  if (low === high) {
    const margin = Math.abs(low) * 0.05 || 0.5;
    return linear(low - margin, high + margin, count);
  }
  const step = roundStep((high - low) / Math.max(1, count - 1));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return { low, high, ticks, place: (value) => (value - low) / (high - low) };
}

function logarithmic(low: number, high: number, count: number): Scale {
  if (low === high) return logarithmic(low / 1.5, high * 1.5, count);
  const [start, end] = [Math.log10(low), Math.log10(high)];
  const every = Math.max(1, Math.ceil((end - start) / Math.max(1, count)));
  const ticks: number[] = [];
  for (let power = Math.ceil(start); power <= end; power += every) ticks.push(10 ** power);
  return {
    low,
    high,
    ticks: ticks.length > 1 ? ticks : [low, high],
    place: (value) => (Math.log10(value) - start) / (end - start),
  };
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((one) => one * power >= step * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** A value as an axis or a legend writes it: four digits, `1.5M`, `2e-5`. */
export function formatValue(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return String(value);
  if (size < 1e-3) return value.toExponential(2).replace(/\.?0+e/, "e");
  for (const [unit, name] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ] as const) {
    if (size >= unit)
      return `${Number((value / (name === "k" ? 1e3 : unit)).toPrecision(4))}${name}`;
  }
  return String(Number(value.toPrecision(4)));
}
