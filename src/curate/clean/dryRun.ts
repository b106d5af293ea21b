/** What a pipeline would do to some rows, without writing anything. */
import { openConversations } from "../../data/index.js";
import { excerpt } from "../../util/excerpt.js";
import { hashKey } from "../../util/hash.js";
import { readRow } from "./batchCleaner.js";
import type { CleanOptions } from "./cleanFiles.js";
import { firstDifference } from "./firstDifference.js";
import { type CleanReport, countRow, emptyReport } from "./report.js";
import { rowCleaner } from "./rowCleaner.js";

/** A row that the pipeline changes or leaves out. */
export interface AffectedRow {
  file: string;
  line: number;
  changes: { operator: string; before: string; after: string }[];
  rejected?: { operator: string; reason: string; text: string } | undefined;
}

export interface DryRun {
  report: CleanReport;
  rows: AffectedRow[];
}

/**
 * Cleans rows spread evenly over the files, and tells what happens to them.
 * @param count how many rows to look at
 * @throws ConfigError, DataError as {@link cleanFiles} does
 */
export async function dryRunClean(
  files: readonly string[],
  count: number,
  { steps, perplexity, source: reading }: Pick<CleanOptions, "steps" | "perplexity" | "source">,
): Promise<DryRun> {
  const cleanRow = rowCleaner(steps, perplexity?.score);
  const source = await openConversations(files, { ...reading, checked: false });
  try {
    const looked = Math.min(count, source.rows);
    const report = emptyReport(steps);
    const rows: AffectedRow[] = [];
    for (let number = 0; number < looked; number++) {
      // Each from its own part of the files, at no fixed distance: data often has a period.
      const within = hashKey(number) / 2 ** 53;
      const index = Math.floor(((number + within) * source.rows) / looked);
      const read = await readRow(source, index);
      const outcome = "messages" in read ? await cleanRow(read) : read;
      const place = source.place(index);
      countRow(report, outcome, place);
      const { changes, rejected } = outcome;
      if (!rejected && changes.length === 0) continue;
      const text = "messages" in read ? read.messages.map(({ content }) => content).join("\n") : "";
      rows.push({
        ...place,
        changes: changes.map(({ step, before, after }) => ({
          operator: steps[step]!.operator,
          ...firstDifference(before, after),
        })),
        ...(rejected
          ? {
              rejected: {
                operator: rejected.operator,
                reason: rejected.reason,
                text: excerpt(text),
              },
            }
          : {}),
      });
    }
    return { report, rows };
  } finally {
    await source.close();
  }
}
