/** The scores as one table, as lm-evaluation-harness prints it; with a base model, both and the verdict. */
import { type Comparison, type Difference, NORMAL_95, type Verdict } from "../compare/index.js";
import type { Results } from "../results.js";
import type { Cell, Column, Table, Tone } from "./blocks.js";
import { showDifference, showValue, type Unit } from "./numbers.js";
import { allNames, isHigherBetter, type Score, scoresOf } from "./scores.js";
import type { Words } from "./words/index.js";

/** A base model's scores, and what they say beside the tuned model's. */
export interface Beside {
  base: Results;
  comparison: Comparison;
}

/**
 * All scores, groups first. With a base model there are columns for it, the difference, its 95 % interval and
 * the verdict.
 */
export function scoreTable(evaluation: Results, words: Words, beside?: Beside): Table {
  const { columns: titles } = words;
  const comparison = beside?.comparison;
  const number = (title: string): Column => ({ title, isNumber: true });
  const columns = [
    { title: titles.task },
    { title: titles.version },
    { title: titles.filter },
    number(titles.shots),
    { title: titles.metric },
    ...(comparison ? [number(titles.base)] : []),
    number(comparison ? titles.tuned : titles.score),
    number(titles.stderr),
    ...(comparison
      ? [number(titles.difference), number(titles.interval), { title: titles.verdict }]
      : []),
    { title: titles.protocol },
  ];
  const rows = allNames(evaluation).flatMap((name) =>
    scoresOf(evaluation, name).map((score): Cell[] => [
      ...namesOf(evaluation, score),
      ...(beside ? [baseCell(beside, score)] : []),
      showValue(score.value, score.unit),
      score.stderr === null ? "–" : showValue(score.stderr, score.unit),
      ...(comparison
        ? differenceCells(evaluation, differenceOf(comparison, score), score.unit, words)
        : []),
      evaluation.results[name]!.protocol ?? "–",
    ]),
  );
  return { caption: words.headline, columns, rows };
}

function namesOf({ results, versions, "n-shot": shots }: Results, score: Score): Cell[] {
  return [
    results[score.name]!.alias,
    String(versions[score.name] ?? "–"),
    score.filter,
    String(shots[score.name] ?? "–"),
    score.metric,
  ];
}

/** A task's difference, or that of a group's own average. */
export function differenceOf(
  comparison: Comparison,
  { name, key, isGroup }: Pick<Score, "name" | "key" | "isGroup">,
): Difference | undefined {
  const { groups, tasks } = comparison;
  return isGroup
    ? groups.find((one) => one.name === name && one.metric === key && one.isOwn)
    : tasks.find((one) => one.name === name && one.metric === key);
}

/** The base's score, also where nothing pairs the two, as in dialogues. */
function baseCell({ base, comparison }: Beside, score: Score): Cell {
  const value = differenceOf(comparison, score)?.base ?? base.results[score.name]?.[score.key];
  return typeof value === "number" ? showValue(value, score.unit) : "–";
}

/** Difference, interval and verdict. */
export function differenceCells(
  evaluation: Results,
  difference: Difference | undefined,
  unit: Unit,
  words: Words,
): Cell[] {
  if (!difference) return ["–", "–", "–"];
  const { interval, verdict } = difference;
  const tone = toneOf(evaluation, difference);
  return [
    toned(showDifference(difference.difference, unit), tone),
    interval ? words.range(interval[0], interval[1], unit) : "–",
    toned(words.verdicts[verdict], tone),
  ];
}

function toned(text: string, tone: Tone | undefined): Cell {
  return tone ? { text, tone } : text;
}

const quiet: readonly Verdict[] = ["same", "noise", "one of many"];

function toneOf(evaluation: Results, difference: Difference): Tone | undefined {
  if (quiet.includes(difference.verdict)) return "quiet";
  if (difference.verdict === "borderline") return undefined;
  return isImproved(evaluation, difference) ? "better" : "worse";
}

/** Whether the tuned model is the better one by this metric. */
export function isImproved(evaluation: Results, { name, metric, difference }: Difference) {
  const bare = metric.slice(0, metric.lastIndexOf(","));
  return difference > 0 === isHigherBetter(evaluation, name, bare);
}

/**
 * A difference in words: `mmlu: 7.8 points better: not noise (95 % interval 3.1 to 12.4, p = 0.001, …)`.
 */
export function describeDifference(
  evaluation: Results,
  difference: Difference,
  unit: Unit,
  words: Words,
): string {
  const { name, interval, p, test, verdict, needed } = difference;
  const change =
    difference.difference === 0
      ? words.noChange
      : words.change(difference.difference, unit, isImproved(evaluation, difference));
  const range = interval && words.interval(words.range(interval[0], interval[1], unit));
  const isUnclear = verdict === "noise" && needed !== null && needed < 1e7;
  const detail = [
    range,
    verdict === "same" ? undefined : words.pOf(p, words.tests[test]),
    isUnclear ? words.needed(needed) : undefined,
  ].filter((part) => part);
  return words.verdictLine(name, change, words.verdicts[verdict], detail.join(words.comma));
}

/** The 95 % interval of a score, within what a share can be. */
export function scoreInterval({ value, stderr, unit }: Score): readonly [number, number] | null {
  if (stderr === null) return null;
  const [low, high] = [value - NORMAL_95 * stderr, value + NORMAL_95 * stderr];
  return unit === "points" ? [Math.max(0, low), Math.min(1, high)] : [low, high];
}
