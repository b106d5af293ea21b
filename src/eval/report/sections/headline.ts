/** What a reader looks for first: the scores of whole benchmarks, and what the difference is worth. */
import { type Block, type Cell, heading, list, paragraph, table } from "../blocks.js";
import type { ReportFacts } from "../input.js";
import { showEstimate } from "../numbers.js";
import { labelOf, mainScore, type Score, scoresOf, topNames } from "../scores.js";
import { describeDifference, differenceCells, differenceOf, scoreInterval } from "../table.js";
import type { Words } from "../words/index.js";

/** Lines of words; beyond, the table says it. */
const MOST_LINES = 12;

export function headline({ evaluation, comparison }: ReportFacts, words: Words): Block[] {
  const names = topNames(evaluation);
  if (names.length === 0) return [paragraph(words.noneToCompare)];
  const scores = names.flatMap((name) => scoresOf(evaluation, name));
  const lines = names.slice(0, MOST_LINES).flatMap((name) => {
    const score = mainScore(evaluation, name);
    const difference = score && comparison && differenceOf(comparison, score);
    return difference ? [describeDifference(evaluation, difference, score.unit, words)] : [];
  });
  const isPaired = comparison !== undefined;
  return [
    heading(2, words.headline),
    ...(lines.length > 0 ? [list(lines)] : []),
    ...table(
      words.headline,
      isPaired ? pairedColumns(words) : singleColumns(words),
      scores.map((score) =>
        isPaired
          ? pairedRow({ evaluation, comparison }, score, words)
          : singleRow({ evaluation }, score, words),
      ),
    ),
    ...(isPaired ? [paragraph(words.pairedNote), ...clusteredNotes(comparison, words)] : []),
  ];
}

function pairedColumns({ columns }: Words) {
  return [
    { title: columns.task },
    { title: columns.metric },
    { title: columns.questions, isNumber: true },
    { title: columns.base, isNumber: true },
    { title: columns.tuned, isNumber: true },
    { title: columns.difference, isNumber: true },
    { title: columns.interval, isNumber: true },
    { title: columns.verdict },
  ];
}

function pairedRow({ evaluation, comparison }: ReportFacts, score: Score, words: Words): Cell[] {
  const difference = comparison && differenceOf(comparison, score);
  return [
    labelOf(evaluation, score.name),
    metricLabel(score),
    String(score.size),
    difference ? showEstimate(difference.base, null, score.unit) : "–",
    showEstimate(score.value, null, score.unit),
    ...differenceCells(evaluation, difference, score.unit, words),
  ];
}

function singleColumns({ columns }: Words) {
  return [
    { title: columns.task },
    { title: columns.metric },
    { title: columns.questions, isNumber: true },
    { title: columns.score, isNumber: true },
    { title: columns.interval, isNumber: true },
    { title: columns.average },
    { title: columns.micro, isNumber: true },
    { title: columns.macro, isNumber: true },
  ];
}

function singleRow({ evaluation }: ReportFacts, score: Score, words: Words): Cell[] {
  const interval = scoreInterval(score);
  const entry = evaluation.results[score.name]!;
  const average = evaluation.averages?.[score.name];
  const kind = typeof average === "object" ? "weighted" : average;
  const other = (which: "micro" | "macro") => {
    const value = entry[`${score.metric}_${which},${score.filter}`];
    return typeof value === "number" ? showEstimate(value, null, score.unit) : "–";
  };
  return [
    labelOf(evaluation, score.name),
    metricLabel(score),
    String(score.size),
    showEstimate(score.value, score.stderr, score.unit),
    interval ? words.range(interval[0], interval[1], score.unit) : "–",
    score.isGroup && kind ? words.average[kind] : "–",
    other("micro"),
    other("macro"),
  ];
}

/** `acc`, or `exact_match (strict-match)`. */
export function metricLabel({ metric, filter }: Score): string {
  return filter === "none" ? metric : `${metric} (${filter})`;
}

function clusteredNotes({ groups }: NonNullable<ReportFacts["comparison"]>, words: Words): Block[] {
  return groups
    .filter(({ isOwn, stderr, clusteredStderr }) => isOwn && stderr !== null && clusteredStderr)
    .slice(0, 1)
    .map(({ name, stderr, clusteredStderr }) =>
      paragraph(words.clusteredNote(name, stderr!, clusteredStderr!)),
    );
}
