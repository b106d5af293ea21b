/**
 * Spikes of a step's loss or gradient norm: far above what is usual, however large or noisy that is.
 * Usual is the median of the steps before; how much they differ is their median absolute deviation,
 * both of logarithms (Leys et al., 2013, doi 10.1016/j.jesp.2013.03.013).
 */

/** Values that the usual is taken from. */
const HISTORY = 50;

/** With fewer values, nothing is known to be unusual. */
const LEAST_HISTORY = 10;

/** Deviations from the median, in standard deviations, that chance does not explain. */
const DEVIATIONS = 5;

/** The standard deviation of a normal distribution, by its median absolute deviation. */
const NORMAL = 1.4826;

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
  /** The median of the steps before. */
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
 * @param factor how many times the median a loss must be at least; a norm twice as many
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
    const expected = median(before);
    if (
      before.length >= LEAST_HISTORY &&
      value > factorOf(metric, factor) * expected &&
      value - expected > LEAST_GROWTH[metric] &&
      deviations(before, value) > DEVIATIONS
    ) {
      spikes.push({ metric, value, expected });
    }
    before.push(value);
    if (before.length > HISTORY) before.shift();
  }
  return spikes;
}

/** How many standard deviations the logarithm of a value lies above the median of those before. */
function deviations(before: readonly number[], value: number): number {
  const logs = before.map(Math.log);
  const middle = median(logs);
  const spread = NORMAL * median(logs.map((one) => Math.abs(one - middle)));
  return (Math.log(value) - middle) / Math.max(spread, Number.EPSILON);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
