/** Scores of an evaluation as lines of a table, compared with another where there is one. */
import { type Comparison, compareEvaluations, type Difference } from "../../eval/compare/index.js";
import {
  type BenchmarkPart,
  benchmarkParts,
  labelOf,
  type ReportedEvaluation,
  type Score,
  scoresOf,
  tasksBelow,
} from "../../eval/report/index.js";
import type { ResultRow } from "../schema.js";

/** An evaluation and what it is compared with. */
export interface ComparedEvaluation {
  evaluation: ReportedEvaluation;
  base: ReportedEvaluation | undefined;
  comparison: Comparison | undefined;
}

/** @throws DataError where the two were not asked the same questions */
export function compared(
  evaluation: ReportedEvaluation,
  base: ReportedEvaluation | undefined,
): ComparedEvaluation {
  return { evaluation, base, comparison: base && compareEvaluations(base, evaluation) };
}

/** `acc` for `acc,none`; an answer's filter stays. */
export function metricName(key: string): string {
  return key.replace(/,none$/, "");
}

/** Lines by benchmark: of its group, its categories, then its tasks. */
export function rowsOf(one: ComparedEvaluation): ResultRow[] {
  return benchmarkParts(one.evaluation).flatMap((part) => partRows(one, part));
}

function partRows(one: ComparedEvaluation, part: BenchmarkPart): ResultRow[] {
  const { evaluation } = one;
  const size = (group: string) => tasksBelow(evaluation, group).length;
  const [whole, ...categories] = [...part.groups].sort((a, b) => size(b) - size(a));
  const line = (name: string, isWhole: boolean) =>
    scoresOf(evaluation, name).map((score) => rowOf(one, part.name, score, isWhole));
  return [
    ...(whole === undefined ? [] : line(whole, true)),
    ...[...categories, ...part.tasks].flatMap((name) => line(name, false)),
  ];
}

/** Of the standard normal distribution: 95 % lie within so many standard errors. */
const normal95 = 1.96;

function rowOf(
  { evaluation, base, comparison }: ComparedEvaluation,
  benchmark: string,
  { name, key, value, stderr, size, unit, isGroup }: Score,
  isWhole: boolean,
): ResultRow {
  const isShare = unit === "points";
  const before = base && scoresOf(base, name).find((score) => score.key === key);
  const difference = differenceOf(comparison, name, key, isGroup);
  const flips = comparison && flipsOf(evaluation, comparison, name, key);
  return {
    benchmark,
    task: isWhole ? null : name,
    label: isWhole ? benchmark : labelOf(evaluation, name),
    metric: metricName(key),
    is_share: isShare,
    questions: size,
    score: value,
    error: stderr,
    interval: stderr === null ? null : intervalOf(value, stderr, isShare),
    base_score: before?.value ?? null,
    base_error: before?.stderr ?? null,
    difference: difference?.difference ?? null,
    difference_interval: difference?.interval ? [...difference.interval] : null,
    p_value: difference ? (difference.adjusted ?? difference.p) : null,
    gained: difference ? (flips?.gained ?? null) : null,
    lost: difference ? (flips?.lost ?? null) : null,
  };
}

function intervalOf(value: number, stderr: number, isShare: boolean): [number, number] {
  const [low, high] = [value - normal95 * stderr, value + normal95 * stderr];
  return isShare ? [Math.max(0, low), Math.min(1, high)] : [low, high];
}

function differenceOf(
  comparison: Comparison | undefined,
  name: string,
  key: string,
  isGroup: boolean,
): Difference | undefined {
  const fits = (one: Difference) => one.name === name && one.metric === key;
  return isGroup
    ? comparison?.groups.find((one) => one.isOwn && fits(one))
    : comparison?.tasks.find(fits);
}

function flipsOf(
  evaluation: ReportedEvaluation,
  { flips }: Comparison,
  name: string,
  key: string,
): { gained: number; lost: number } {
  const tasks = new Set(name in evaluation.groups ? tasksBelow(evaluation, name) : [name]);
  const count = { gained: 0, lost: 0 };
  for (const { task, metric, direction } of flips) {
    if (metric === key && tasks.has(task)) count[direction]++;
  }
  return count;
}
