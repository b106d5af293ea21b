/** Reports of evaluations: a page, Markdown, and tables for a terminal. */
import type { Difference } from "../compare/index.js";
import type { Results } from "../results.js";
import { type Table, textOf } from "./blocks.js";
import { noteLines } from "./sections/index.js";
import { type Beside, describeDifference, scoreTable } from "./table.js";
import { wordsOf } from "./words/index.js";

export type { ReportedEvaluation, ReportInput } from "./input.js";
export { readEvaluation, readReportInput } from "./read.js";
export { type ReportOptions, reportMarkdown, reportNotes, reportPage } from "./report.js";
export {
  type BenchmarkPart,
  benchmarkParts,
  labelOf,
  mainScore,
  type Score,
  scoresOf,
  tasksBelow,
  topNames,
} from "./scores.js";
export type { Beside } from "./table.js";
export type { Language } from "./words/index.js";

/** A table as plain text cells. */
export interface TextTable {
  columns: readonly { title: string; isNumber: boolean }[];
  rows: readonly (readonly string[])[];
}

/**
 * The scores as lm-evaluation-harness prints them, groups first, in points of 100; with a base model its own
 * beside them, the difference, its 95 % interval and the verdict.
 */
export function summaryTable(evaluation: Results, beside?: Beside): TextTable {
  return textTable(scoreTable(evaluation, wordsOf("en"), beside));
}

/** What a reader of the scores must know, each once, with the tasks that it is about. */
export function summaryNotes(evaluation: Pick<Results, "notes">): string[] {
  return noteLines(evaluation, wordsOf("en"));
}

/**
 * `mmlu: 7.8 points better: not noise (95 % interval 3.1 to 12.4, p = 0.001, McNemar, mid-p)`
 *
 * @param evaluation the tuned model's
 */
export function verdictLine(evaluation: Results, difference: Difference): string {
  const { base, tuned } = difference;
  const isShare = [base, tuned].every((value) => value >= 0 && value <= 1);
  return describeDifference(evaluation, difference, isShare ? "points" : "plain", wordsOf("en"));
}

function textTable({ columns, rows }: Table): TextTable {
  return {
    columns: columns.map(({ title, isNumber = false }) => ({ title, isNumber })),
    rows: rows.map((cells) => cells.map(textOf)),
  };
}
