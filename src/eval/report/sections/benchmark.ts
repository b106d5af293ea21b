/** One benchmark: its groups, its subjects, and pictures of both. */
import { chanceLevel } from "../answerStatistics.js";
import { type Block, type Cell, details, heading, paragraph, table } from "../blocks.js";
import { type BarRow, drawBars, drawDifferences } from "../charts/index.js";
import type { ReportFacts } from "../input.js";
import { showEstimate, showP } from "../numbers.js";
import {
  type BenchmarkPart,
  isHigherBetter,
  labelOf,
  mainScore,
  type Score,
  scoresOf,
} from "../scores.js";
import { differenceCells, differenceOf, scoreInterval } from "../table.js";
import type { Words } from "../words/index.js";
import { metricLabel } from "./headline.js";

export function benchmark(facts: ReportFacts, part: BenchmarkPart, words: Words): Block[] {
  const names = [...part.groups, ...part.tasks];
  const main = names.flatMap((name) => mainScore(facts.evaluation, name) ?? []);
  const others = names.flatMap((name) => otherScores(facts, name));
  const columns = columnsOf(facts, words);
  return [
    heading(2, part.name),
    ...scoreChart(facts, part, words),
    ...differenceChart(facts, part, words),
    ...table(
      words.scoresTable(part.name),
      columns,
      main.map((score) => rowOf(facts, score, words)),
    ),
    ...powerLines(facts, main, words),
    ...(others.length > 0
      ? [
          details(
            words.allMetrics,
            table(
              words.metricsTable(part.name),
              columns,
              others.map((score) => rowOf(facts, score, words)),
            ),
          ),
        ]
      : []),
  ];
}

/** Scores beside the main one, without those that are the same for all who read them. */
function otherScores({ evaluation }: ReportFacts, name: string): Score[] {
  const [main, ...others] = scoresOf(evaluation, name);
  return others.filter(({ value, stderr }) => value !== main!.value || stderr !== main!.stderr);
}

function columnsOf({ comparison }: ReportFacts, { columns }: Words) {
  const number = (title: string) => ({ title, isNumber: true });
  return [
    { title: columns.subject },
    number(columns.questions),
    ...(comparison
      ? [
          number(columns.base),
          number(columns.tuned),
          number(columns.difference),
          number(columns.interval),
          { title: columns.verdict },
          number(columns.p),
          number(columns.adjusted),
          number(columns.flips),
        ]
      : [number(columns.score), number(columns.interval)]),
    { title: columns.metric },
    { title: columns.category },
  ];
}

function rowOf({ evaluation, comparison }: ReportFacts, score: Score, words: Words): Cell[] {
  const { name, unit } = score;
  const shown: Cell[] = [labelOf(evaluation, name), String(score.size)];
  const category = evaluation.topics?.[name]?.category?.replaceAll("_", " ") ?? "";
  if (!comparison) {
    const interval = scoreInterval(score);
    return [
      ...shown,
      showEstimate(score.value, score.stderr, unit),
      interval ? words.range(interval[0], interval[1], unit) : "–",
      metricLabel(score),
      category,
    ];
  }
  const difference = differenceOf(comparison, score);
  const pairs = difference?.mcNemar;
  return [
    ...shown,
    difference ? showEstimate(difference.base, null, unit) : "–",
    showEstimate(score.value, null, unit),
    ...differenceCells(evaluation, difference, unit, words),
    difference ? showP(difference.p) : "–",
    difference?.adjusted === undefined ? "–" : showP(difference.adjusted),
    pairs ? `${pairs.lost} / ${pairs.gained}` : "–",
    metricLabel(score),
    category,
  ];
}

/** What as many questions can show at all, for the benchmark's own average or its first task. */
function powerLines({ comparison }: ReportFacts, main: readonly Score[], words: Words): Block[] {
  const [first] = main;
  const difference = first && comparison && differenceOf(comparison, first);
  if (!difference || difference.detectable === null) return [];
  return [paragraph(words.detectable(difference.detectable, first.unit, difference.size))];
}

/** Tasks whose scores are shares, with their scores. */
function shares({ evaluation }: ReportFacts, names: readonly string[]): Score[] {
  return names
    .flatMap((name) => mainScore(evaluation, name) ?? [])
    .filter(({ unit }) => unit === "points");
}

function scoreChart(facts: ReportFacts, part: BenchmarkPart, words: Words): Block[] {
  const { evaluation, base } = facts;
  const scores = shares(facts, [...part.groups, ...part.tasks]);
  if (scores.length === 0) return [];
  const rows = scores.map((score): BarRow => {
    const before = base && scoresOf(base, score.name).find(({ key }) => key === score.key);
    return {
      label: labelOf(evaluation, score.name),
      tuned: { value: score.value, interval: scoreInterval(score) },
      base: before && { value: before.value, interval: scoreInterval(before) },
    };
  });
  const chance = chanceLevel(part.tasks.flatMap((task) => evaluation.samples[task] ?? []));
  const title = words.charts.scores(part.name);
  const description = words.charts.scoresDescription(chance !== undefined);
  const svg = drawBars({
    title,
    description,
    axis: words.charts.scoreAxis,
    rows,
    chance: chance === undefined ? undefined : { value: chance, label: words.chance(chance) },
    names: { tuned: base ? words.tuned : words.model, base: words.base },
  });
  return [{ kind: "chart", chart: { title, description, svg } }];
}

function differenceChart(facts: ReportFacts, part: BenchmarkPart, words: Words): Block[] {
  const { evaluation, comparison } = facts;
  if (!comparison) return [];
  const rows = shares(facts, part.tasks).flatMap((score) => {
    const found = differenceOf(comparison, score);
    if (!found) return [];
    const isBetter = found.difference >= 0 === isHigherBetter(evaluation, score.name, score.metric);
    const { difference, interval, verdict } = found;
    const label = labelOf(evaluation, score.name);
    return [{ label, difference, interval, isReal: verdict === "real", isBetter }];
  });
  if (rows.length < 2) return [];
  const title = words.charts.differences(part.name);
  const description = words.charts.differencesDescription;
  const svg = drawDifferences(title, description, words.charts.differenceAxis, rows);
  return [{ kind: "chart", chart: { title, description, svg } }];
}
