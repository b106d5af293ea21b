/** What an evaluation came to, as one object and as lines for a terminal. */
import {
  type Comparison,
  compareEvaluations,
  compareWithPublished,
  type PublishedComparison,
  type ReportInput,
  type SeedSummary,
  summarizeSeeds,
  verdictLine,
} from "../../eval/index.js";
import { contaminationLines } from "./contamination.js";
import { tableLines } from "./table.js";

/** What several evaluations, or published scores, say about each other. */
interface Judgements {
  comparison: Comparison | undefined;
  draws: SeedSummary[] | undefined;
  published: PublishedComparison[];
}

function judge({ evaluation, base, seeds, published = [] }: ReportInput): Judgements {
  return {
    comparison: base && compareEvaluations(base, evaluation),
    draws: seeds && summarizeSeeds(seeds),
    published: compareWithPublished(evaluation, published),
  };
}

/** The object of results.json and of `--json`. Flipped questions are named; samples have their texts. */
export function summaryObject(input: ReportInput): object {
  const { comparison, draws, published } = judge(input);
  const { samples: _, ...results } = input.evaluation;
  return {
    ...results,
    ...(comparison && { comparison: { ...comparison, flips: comparison.flips.map(flipName) } }),
    ...(draws && { draws }),
    ...(published.length > 0 && { published }),
    ...(input.contamination && { contamination: input.contamination }),
  };
}

function flipName({ task, metric, doc_id, direction }: Comparison["flips"][number]) {
  return { task, metric, doc_id, direction };
}

/** The table of scores with its notes, and what there is to say of them. */
export function outcomeLines(input: ReportInput): string[] {
  const { comparison, draws = [], published } = judge(input);
  const { evaluation, base } = input;
  const differences = comparison
    ? [...comparison.groups.filter(({ isOwn }) => isOwn), ...comparison.tasks]
    : [];
  return [
    ...tableLines(evaluation, base && comparison && { base, comparison }),
    ...differences.slice(0, MOST_VERDICTS).map((one) => verdictLine(evaluation, one)),
    ...draws.map(drawLine),
    ...published.map(publishedLine),
    ...(input.contamination ? contaminationLines(input.contamination) : []),
  ];
}

/** Verdicts in words; the table has those of all. */
const MOST_VERDICTS = 5;

/** `mmlu acc,none over 3 draws: 45.10, 44.90, 45.30; mean 45.10 ± 1.20, between draws 0.20` */
function drawLine({ name, metric, values, mean, stderr, between }: SeedSummary): string {
  const points = (share: number | null) => (share === null ? "–" : (100 * share).toFixed(2));
  const each = values.map(({ value }) => points(value)).join(", ");
  return `${name} ${metric} over ${values.length} draws: ${each}; mean ${points(mean)} ± ${points(stderr)}, between draws ${points(between)}`;
}

/** `mmlu acc,none: 46.2, published 54.0, 7.8 below (2.1 standard errors): more than noise` */
function publishedLine(one: PublishedComparison): string {
  const { name, metric, ours, published, difference, standardErrors, isMoreThanNoise } = one;
  const points = (share: number) => (100 * share).toFixed(1);
  const side = difference < 0 ? "below" : "above";
  const errors =
    standardErrors === null ? "" : ` (${Math.abs(standardErrors).toFixed(1)} standard errors)`;
  const verdict =
    isMoreThanNoise === null ? "" : `: ${isMoreThanNoise ? "more than" : "within"} noise`;
  return `${name} ${metric}: ${points(ours)}, published ${points(published)}, ${points(Math.abs(difference))} ${side}${errors}${verdict}`;
}
