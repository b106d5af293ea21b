/** Scores as a table on a terminal. */
import { type Beside, type Results, summaryNotes, summaryTable } from "../../eval/index.js";
import { padText, textWidth } from "../textWidth.js";

/**
 * Lines of a table of all scores in points of 100, groups first, and of what a reader of them must know; with
 * a base model also the base's scores, the differences and their verdicts.
 */
export function tableLines(results: Results, beside?: Beside): string[] {
  const { columns, rows } = summaryTable(results, beside);
  const titles = columns.map(({ title }) => title);
  const lines = [titles, ...rows];
  const widths = titles.map((_, i) => Math.max(...lines.map((cells) => textWidth(cells[i]!))));
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const room = " ".repeat(widths[i]! - textWidth(cell));
        return columns[i]!.isNumber ? room + cell : padText(cell, widths[i]!);
      })
      .join("  ")
      .trimEnd();
  return [...lines.map(lineOf), ...summaryNotes(results).map((note) => `note: ${note}`)];
}
