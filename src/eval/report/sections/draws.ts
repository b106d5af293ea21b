/** Several draws of examples, and published scores. */
import { compareWithPublished, summarizeSeeds } from "../../compare/index.js";
import { type Block, heading, list, paragraph, table } from "../blocks.js";
import type { ReportFacts } from "../input.js";
import { showEstimate, showValue } from "../numbers.js";
import { labelOf, scoresOf } from "../scores.js";
import type { Words } from "../words/index.js";

export function draws({ evaluation, seeds = [] }: ReportFacts, words: Words): Block[] {
  if (seeds.length < 2) return [];
  const { columns } = words;
  const number = (title: string) => ({ title, isNumber: true });
  const rows = summarizeSeeds(seeds)
    .filter(({ name, metric }) => scoresOf(evaluation, name).some(({ key }) => key === metric))
    .map(({ name, metric, values, mean, between, stderr }) => {
      const unit = values.every(({ value }) => value >= 0 && value <= 1) ? "points" : "plain";
      return [
        labelOf(evaluation, name),
        metric.replace(/,none$/, ""),
        ...values.map(({ value }) => showValue(value, unit)),
        showValue(mean, unit),
        between === null ? "–" : showValue(between, unit),
        stderr === null ? "–" : showValue(stderr, unit),
      ];
    });
  const seedColumns = seeds.map(({ seed }) => number(`${columns.seed} ${seed}`));
  return [
    heading(2, words.seeds),
    paragraph(words.seedsNote),
    ...table(
      words.seeds,
      [
        { title: columns.task },
        { title: columns.metric },
        ...seedColumns,
        number(columns.mean),
        number(columns.between),
        number(columns.combined),
      ],
      rows,
    ),
  ];
}

export function publishedScores(facts: ReportFacts, words: Words): Block[] {
  const { evaluation, published = [] } = facts;
  if (published.length === 0) return [];
  const found = compareWithPublished(evaluation, published);
  const { columns } = words;
  const number = (title: string) => ({ title, isNumber: true });
  return [
    heading(2, words.published),
    list(
      found.map(({ name, difference, standardErrors, isMoreThanNoise }) =>
        words.publishedLine(name, difference, standardErrors, isMoreThanNoise),
      ),
    ),
    ...table(
      words.published,
      [
        { title: columns.task },
        { title: columns.metric },
        number(columns.published),
        number(columns.ours),
        number(columns.standardErrors),
      ],
      found.map(({ name, metric, published: theirs, ours, stderr, standardErrors }) => [
        labelOf(evaluation, name),
        metric.replace(/,none$/, ""),
        showValue(theirs),
        showEstimate(ours, stderr),
        standardErrors === null ? "–" : showValue(standardErrors, "plain"),
      ]),
    ),
    paragraph(words.publishedNote),
  ];
}
