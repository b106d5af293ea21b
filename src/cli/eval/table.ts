/** Scores as a table on a terminal. */
import type { ResultsFile } from "../../eval/store/index.js";
import { padText, textWidth } from "../textWidth.js";

/** Lines of a table of all scores, groups first, and of what a reader of them must know. */
export function scoreTable({ results, notes }: Pick<ResultsFile, "results" | "notes">): string[] {
  const rows = Object.values(results).flatMap((entry) =>
    Object.entries(entry)
      .filter(
        ([key, value]) =>
          key.includes(",") && typeof value === "number" && !key.includes("_stderr,"),
      )
      .map(([key, value]) => {
        const [metric, filter] = key.split(",");
        const stderr = entry[`${metric}_stderr,${filter}`];
        const spread = typeof stderr === "number" ? ` ± ${(100 * stderr).toFixed(2)}` : "";
        return [entry.alias, filter!, metric!, `${(100 * (value as number)).toFixed(2)}${spread}`];
      }),
  );
  const head = ["task", "filter", "metric", "score, %"];
  const widths = head.map((title, i) =>
    Math.max(...[head, ...rows].map((row) => textWidth(row[i] ?? title))),
  );
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, i) => padText(cell, widths[i]!))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, ...noteLines(notes)];
}

/** Each note once, with the tasks that it is about. */
function noteLines(notes: Readonly<Record<string, readonly string[]>>): string[] {
  const tasks = new Map<string, string[]>();
  for (const [task, lines] of Object.entries(notes)) {
    for (const line of lines) tasks.set(line, [...(tasks.get(line) ?? []), task]);
  }
  return [...tasks].map(([line, [first, ...others]]) => {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return `note: ${first}${more}: ${line}`;
  });
}
