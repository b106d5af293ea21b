/** Counts of whole numbers in bounded memory: exact sums, and quantiles to within a tenth of a percent. */

/**
 * How often each length occurs. Numbers below {@link exactBelow} are counted exactly; larger ones in
 * classes of which each power of two has 1,024, so that a class is at most 1/1,024 of its numbers
 * wide (the scheme of HdrHistogram). Some 25,000 classes reach beyond a thousand million.
 */
export interface LengthSketch {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Class, by its smallest number, to how many fell into it. */
  classes: Map<number, number>;
}

export const exactBelow = 2048;
const classesPerOctave = 1024;

export function lengthSketch(): LengthSketch {
  return { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: 0, classes: new Map() };
}

/** @param value a whole number from 0 */
export function addLength(sketch: LengthSketch, value: number): void {
  sketch.count++;
  sketch.sum += value;
  sketch.min = Math.min(sketch.min, value);
  sketch.max = Math.max(sketch.max, value);
  const start = classStart(value);
  sketch.classes.set(start, (sketch.classes.get(start) ?? 0) + 1);
}

function classStart(value: number): number {
  if (value < exactBelow) return value;
  const width = 2 ** Math.floor(Math.log2(value)) / classesPerOctave;
  return Math.floor(value / width) * width;
}

export function mergeLengths(into: LengthSketch, other: LengthSketch): void {
  into.count += other.count;
  into.sum += other.sum;
  into.min = Math.min(into.min, other.min);
  into.max = Math.max(into.max, other.max);
  for (const [start, count] of other.classes) {
    into.classes.set(start, (into.classes.get(start) ?? 0) + count);
  }
}

/** The classes from the smallest number to the largest. */
export function sortedClasses(sketch: LengthSketch): [start: number, count: number][] {
  return [...sketch.classes].sort(([a], [b]) => a - b);
}

/** A length that at least this share of the rows does not exceed. */
export interface LengthSummary {
  min: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  max: number;
}

/** Undefined where nothing was counted. */
export function summariseLengths(sketch: LengthSketch): LengthSummary | undefined {
  if (sketch.count === 0) return undefined;
  const classes = sortedClasses(sketch);
  const at = (share: number) => {
    const rank = Math.ceil(share * sketch.count);
    let seen = 0;
    for (const [start, count] of classes) {
      seen += count;
      if (seen >= rank) return start;
    }
    return sketch.max;
  };
  return {
    min: sketch.min,
    mean: sketch.sum / sketch.count,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    max: sketch.max,
  };
}

/** Lengths from `from` up to but not including `to`; the last bin of a histogram has no end. */
export interface HistogramBin {
  from: number;
  to: number | null;
  count: number;
}

const niceWidths = [1, 2, 5, 10, 20, 25, 50];

/**
 * Bins of one round width that reach to the 99th percentile, and one for all that is longer.
 * @param most bins, the last included
 */
export function histogram(sketch: LengthSketch, most = 16): HistogramBin[] {
  const summary = summariseLengths(sketch);
  if (!summary) return [];
  const { p99, max } = summary;
  const first = sketch.min;
  const wanted = Math.max(1, (p99 - Math.min(first, p99 / 4) + 1) / (most - 1));
  const width = niceWidth(wanted);
  const start = Math.floor(Math.min(first, p99) / width) * width;
  const bins: HistogramBin[] = [];
  for (let from = start; from <= p99 && bins.length < most - 1; from += width) {
    bins.push({ from, to: from + width, count: 0 });
  }
  const end = bins.at(-1)!.to!;
  if (max >= end) bins.push({ from: end, to: null, count: 0 });
  for (const [value, count] of sketch.classes) {
    bins[Math.min(bins.length - 1, Math.floor((value - start) / width))]!.count += count;
  }
  return bins;
}

function niceWidth(wanted: number): number {
  for (let scale = 1; ; scale *= 100) {
    const found = niceWidths.find((width) => width * scale >= wanted);
    if (found !== undefined) return found * scale;
  }
}
