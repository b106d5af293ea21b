/** Which letters were answered, and whether sure answers were right. */
import type { ChoiceAnswer } from "../../compare/index.js";
import { letterAnswers, letterShares, reliability } from "../answerStatistics.js";
import { type Block, details, heading, paragraph, table } from "../blocks.js";
import { drawLetters, drawReliability } from "../charts/index.js";
import type { ReportedEvaluation, ReportFacts } from "../input.js";
import { showValue } from "../numbers.js";
import { type BenchmarkPart, benchmarkParts } from "../scores.js";
import type { Words } from "../words/index.js";

/** The answers of one model to a benchmark's questions. */
interface Side {
  className: "base" | "tuned";
  text: string;
  answers: readonly ChoiceAnswer[];
}

export function answers(facts: ReportFacts, words: Words): Block[] {
  const blocks = benchmarkParts(facts.evaluation).flatMap((part) => {
    const sides = sidesOf(facts, part, words);
    if (sides.some(({ answers: all }) => all.length === 0)) return [];
    return [
      ...letterBlocks(part.name, sides, words),
      ...reliabilityBlocks(part.name, sides, words),
    ];
  });
  return blocks.length === 0 ? [] : [heading(2, words.answers), ...blocks];
}

function sidesOf({ evaluation, base }: ReportFacts, part: BenchmarkPart, words: Words): Side[] {
  const of = (side: ReportedEvaluation) =>
    part.tasks.flatMap((task) => letterAnswers(side.samples[task] ?? []));
  return [
    ...(base ? [{ className: "base" as const, text: words.base, answers: of(base) }] : []),
    { className: "tuned", text: base ? words.tuned : words.model, answers: of(evaluation) },
  ];
}

function letterBlocks(name: string, sides: readonly Side[], words: Words): Block[] {
  const shares = sides.map(({ answers: all }) => letterShares(all));
  const { letters, gold } = shares.at(-1)!;
  const series = [
    { className: "gold" as const, text: words.gold, shares: gold },
    ...sides.map(({ className, text }, i) => ({
      className,
      text,
      shares: shares[i]!.predicted,
    })),
  ];
  const title = words.charts.letters(name);
  const description = words.charts.lettersDescription;
  const svg = drawLetters(title, description, letters, series);
  return [
    { kind: "chart", chart: { title, description, svg } },
    ...table(
      words.lettersTable(name),
      [{ title: "" }, ...letters.map((letter) => ({ title: letter, isNumber: true }))],
      series.map(({ text, shares: all }) => [
        text,
        ...letters.map((_, i) => showValue(all[i] ?? 0)),
      ]),
    ),
  ];
}

function reliabilityBlocks(name: string, sides: readonly Side[], words: Words): Block[] {
  const series = sides.map((side) => ({ ...side, ...reliability(side.answers) }));
  const title = words.charts.reliability(name);
  const description = words.charts.reliabilityDescription;
  const svg = drawReliability(title, description, words.charts.probabilityAxis, series);
  const { columns } = words;
  return [
    details(title, [
      ...series.map(({ text, error }) => paragraph(words.calibration(name, text, error))),
      { kind: "chart", chart: { title, description, svg } },
      ...series.flatMap(({ text, bins }) =>
        table(
          `${words.reliabilityTable(name)}${words.comma}${text}`,
          [
            { title: columns.bin },
            { title: columns.questions, isNumber: true },
            { title: columns.accuracy, isNumber: true },
          ],
          bins.map(({ from, to, count, accuracy }) => [
            words.range(from, to, "points"),
            String(count),
            showValue(accuracy),
          ]),
        ),
      ),
    ]),
  ];
}
