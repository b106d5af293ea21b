/**
 * Spikes of a step's loss or gradient norm: far above what is usual, however large or noisy that is.
 * Usual is the median of the last steps. What chance does is told by the differences between a step
 * and the next, of logarithms: of the values themselves, a loss that falls would count as noise. Of
 * the differences, a quantile is taken, which spikes before hardly move.
 */

/** Values that are remembered. */
const HISTORY = 50;

/** The last of them, which the usual is taken from: a loss that falls is soon far below older ones. */
const RECENT = 10;

/** With fewer values, nothing is known to be unusual. */
const LEAST_HISTORY = RECENT;

/** Standard deviations above the usual that chance does not explain. */
const DEVIATIONS = 5;

/** Three of four values of a normal distribution lie within so many standard deviations. */
const QUARTILES = 1.1503;

/** Values of the last steps, oldest first: what a checkpoint keeps, so that a resumed run sees the same. */
export interface SpikeHistory {
  loss: number[];
  grad_norm: number[];
}

/** What is looked at. */
export type SpikeMetric = keyof SpikeHistory;

/** A value that is far above the usual. */
export interface Spike {
  metric: SpikeMetric;
  value: number;
  /** The median of the last steps before. */
  expected: number;
}

/** Growth below this is none, in nats: a loss of nearly nothing multiplies easily. */
const LEAST_GROWTH: Readonly<Record<SpikeMetric, number>> = { loss: 0.1, grad_norm: 0 };

/** A norm is a noisier thing than a loss. */
const factorOf = (metric: SpikeMetric, factor: number) => (metric === "loss" ? factor : 2 * factor);

export function freshHistory(): SpikeHistory {
  return { loss: [], grad_norm: [] };
}

/**
 * Looks at the figures of a step and remembers them.
 *
 * @param history changed
 * @param factor how many times the usual a loss must be at least; a norm twice as many
 * @returns the spikes among them
 */
export function findSpikes(
  history: SpikeHistory,
  values: Readonly<Record<SpikeMetric, number>>,
  factor: number,
): Spike[] {
  const spikes: Spike[] = [];
  for (const metric of ["loss", "grad_norm"] as const) {
    const value = values[metric];
    const before = history[metric];
    if (!Number.isFinite(value) || value <= 0) continue;
    const expected = median(before.slice(-RECENT));
    if (
      before.length >= LEAST_HISTORY &&
      value > factorOf(metric, factor) * expected &&
      value - expected > LEAST_GROWTH[metric] &&
      Math.log(value / expected) > DEVIATIONS * noiseOf(before)
    ) {
      spikes.push({ metric, value, expected });
    }
    before.push(value);
    if (before.length > HISTORY) before.shift();
  }
  return spikes;
}

/** The standard deviation of the values' logarithms around their course. */
function noiseOf(values: readonly number[]): number {
  const changes = values.slice(1).map((value, i) => Math.log(value / values[i]!));
  const middle = median(changes);
  const sizes = changes.map((one) => Math.abs(one - middle)).sort((one, other) => one - other);
  // The difference of two values is as noisy as both.
  return sizes[Math.floor(0.75 * sizes.length)]! / (QUARTILES * Math.SQRT2);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
