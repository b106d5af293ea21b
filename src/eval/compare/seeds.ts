/** Several draws of examples: how much of a score is the luck of the draw. */
import type { Evaluation } from "../evaluate.js";
import { meanEstimate } from "../metrics.js";

/** One evaluation of several that differ in the seed of their examples only. */
export interface SeedRun {
  seed: number;
  evaluation: Evaluation;
}

/** One score over several draws. */
export interface SeedSummary {
  /** Task or group. */
  name: string;
  metric: string;
  values: readonly { seed: number; value: number; stderr: number | null }[];
  mean: number;
  /** Standard deviation between draws; null for one draw. */
  between: number | null;
  /** Root mean square of the draws' own standard errors, which come from the choice of questions. */
  within: number | null;
  /**
   * Of the mean: √(within² + between²/draws). More draws make the second part smaller, not the first, since
   * the questions stay the same.
   */
  stderr: number | null;
}

/** Summaries of all scores that every draw has. */
export function summarizeSeeds(runs: readonly SeedRun[]): SeedSummary[] {
  const [first] = runs;
  if (!first) return [];
  return Object.entries(first.evaluation.results).flatMap(([name, entry]) =>
    Object.keys(entry)
      .filter((key) => key.includes(",") && !/_stderr,/.test(key))
      .filter((key) => runs.every((run) => isNumber(run.evaluation.results[name]?.[key])))
      .map((metric) => summarize(name, metric, runs)),
  );
}

function summarize(name: string, metric: string, runs: readonly SeedRun[]): SeedSummary {
  const values = runs.map(({ seed, evaluation }) => {
    const entry = evaluation.results[name]!;
    const stderr = entry[stderrKey(metric)];
    return {
      seed,
      value: entry[metric] as number,
      stderr: isNumber(stderr) ? stderr : null,
    };
  });
  const { value: mean, stderr: ofDraws } = meanEstimate(values.map(({ value }) => value));
  const errors = values.map(({ stderr }) => stderr);
  const within = errors.every(isNumber)
    ? Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
    : null;
  return {
    name,
    metric,
    values,
    mean,
    between: ofDraws === null ? null : ofDraws * Math.sqrt(values.length),
    within,
    stderr: within === null ? null : Math.sqrt(within ** 2 + (ofDraws ?? 0) ** 2),
  };
}

/** `acc,none` → `acc_stderr,none` */
export function stderrKey(metric: string): string {
  const comma = metric.lastIndexOf(",");
  return `${metric.slice(0, comma)}_stderr${metric.slice(comma)}`;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
