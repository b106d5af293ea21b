/** From questions to numbers: accuracies of one question, means, standard errors, averages of tasks. */
import { codePointLength } from "../util/codePoints.js";

/** A number with its standard error; null where there is none, such as for one question. */
export interface Estimate {
  value: number;
  stderr: number | null;
}

/** An estimate of one task, with the number of questions behind it. */
export interface SizedEstimate extends Estimate {
  size: number;
}

/** Index of the largest number; of several the first, as numpy's. */
export function argmax(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/**
 * `acc` (the likeliest choice) and `acc_norm` (the likeliest by character) of one question.
 *
 * @param gold index of the right choice, or several of which any is right
 */
export function choiceAccuracies(
  answers: readonly { logprob: number }[],
  choices: readonly string[],
  gold: number | readonly number[],
): { acc: number; acc_norm: number } {
  const right = [gold].flat();
  const score = (values: readonly number[]) => (right.includes(argmax(values)) ? 1 : 0);
  const sums = answers.map(({ logprob }) => logprob);
  return {
    acc: score(sums),
    acc_norm: score(sums.map((sum, i) => sum / codePointLength(choices[i]!))),
  };
}

/** The mean with its standard error, by the sample's standard deviation. */
export function meanEstimate(values: readonly number[]): Estimate {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { value: mean, stderr: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { value: mean, stderr: Math.sqrt(squares / (n - 1)) / Math.sqrt(n) };
}

/**
 * Every question counts alike. The standard error is lm-evaluation-harness's `pooled_sample_stderr`, to which
 * a part of one question adds nothing (there it leaves the whole without).
 */
export function microAverage(parts: readonly SizedEstimate[]): Estimate {
  const total = parts.reduce((sum, { size }) => sum + size, 0);
  const value = parts.reduce((sum, part) => sum + part.value * part.size, 0) / total;
  if (parts.some(({ stderr, size }) => stderr === null && size > 1) || total === parts.length) {
    return { value, stderr: null };
  }
  const variance =
    parts.reduce((sum, { size, stderr }) => sum + (size - 1) * (stderr ?? 0) ** 2 * size, 0) /
    (total - parts.length);
  return { value, stderr: Math.sqrt(variance / total) };
}

/** A mean of tasks with a weight for each. The standard error takes them as independent. */
export function weightedAverage(
  parts: readonly Estimate[],
  weights: readonly number[] = parts.map(() => 1),
): Estimate {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const value = parts.reduce((sum, part, i) => sum + part.value * weights[i]!, 0) / total;
  if (parts.some(({ stderr }) => stderr === null)) return { value, stderr: null };
  const variance = parts.reduce((sum, part, i) => sum + (part.stderr! * weights[i]!) ** 2, 0);
  return { value, stderr: Math.sqrt(variance) / total };
}
