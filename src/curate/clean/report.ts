/** What a cleaning run did, operator by operator: counted in batches, added up in their order. */
import type { Source } from "../../text/index.js";
import { type ExampleChange, firstDifference } from "./firstDifference.js";
import type { PipelineStep } from "./pipeline.js";
import { checkName, type RowOutcome, readName } from "./rowCleaner.js";

/** One operator's part of the report; the keys are those of its JSON. */
export interface OperatorReport {
  /** `read` and `check` stand for reading a row, and the last look at what the operators made. */
  operator: string;
  rows_rejected: number;
  rows_changed: number;
  /** Net, in the messages of rows that it changed; rejected rows are not counted. */
  characters_removed: number;
  characters_added: number;
  /** The first few rows that it left out. */
  rejected_examples: { file: string; line: number; reason: string }[];
  /** The first few rows that it changed. */
  changed_examples: ({ file: string; line: number } & ExampleChange)[];
}

/** Counts of a batch of rows or of a whole run. */
export interface CleanReport {
  /** Always the sum of the next two. */
  rows_in: number;
  rows_out: number;
  rows_rejected: number;
  /** Rows written that an operator changed. */
  rows_changed: number;
  operators: OperatorReport[];
}

const keptExamples = 3;

/** A report of no rows. */
export function emptyReport(steps: readonly PipelineStep[]): CleanReport {
  const names = [readName, ...steps.map(({ operator }) => operator), checkName];
  return {
    rows_in: 0,
    rows_out: 0,
    rows_rejected: 0,
    rows_changed: 0,
    operators: names.map((operator) => ({
      operator,
      rows_rejected: 0,
      rows_changed: 0,
      characters_removed: 0,
      characters_added: 0,
      rejected_examples: [],
      changed_examples: [],
    })),
  };
}

/** Counts one row. */
export function countRow(
  report: CleanReport,
  { row, rejected, changes }: RowOutcome,
  { file, line }: Source,
): void {
  report.rows_in++;
  for (const { step, before, after, charactersBefore, charactersAfter } of changes) {
    const entry = report.operators[step + 1]!;
    const difference = charactersAfter - charactersBefore;
    entry.rows_changed++;
    entry.characters_removed += Math.max(0, -difference);
    entry.characters_added += Math.max(0, difference);
    if (entry.changed_examples.length < keptExamples) {
      entry.changed_examples.push({ file, line, ...firstDifference(before, after) });
    }
  }
  if (row) {
    report.rows_out++;
    if (changes.length > 0) report.rows_changed++;
  }
  if (!rejected) return;
  report.rows_rejected++;
  const entry = report.operators[rejected.step + 1]!;
  entry.rows_rejected++;
  if (entry.rejected_examples.length < keptExamples) {
    entry.rejected_examples.push({ file, line, reason: rejected.reason });
  }
}

/** Adds the counts of rows that come after those of `report`. */
export function addReport(report: CleanReport, more: CleanReport): void {
  report.rows_in += more.rows_in;
  report.rows_out += more.rows_out;
  report.rows_rejected += more.rows_rejected;
  report.rows_changed += more.rows_changed;
  for (const [index, entry] of report.operators.entries()) {
    const other = more.operators[index]!;
    entry.rows_rejected += other.rows_rejected;
    entry.rows_changed += other.rows_changed;
    entry.characters_removed += other.characters_removed;
    entry.characters_added += other.characters_added;
    entry.rejected_examples.push(...other.rejected_examples);
    entry.rejected_examples.splice(keptExamples);
    entry.changed_examples.push(...other.changed_examples);
    entry.changed_examples.splice(keptExamples);
  }
}
