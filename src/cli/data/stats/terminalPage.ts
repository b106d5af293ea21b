/** How the terminal report is set: headings, tables, bars, lines that fit. */

import type { Words } from "../../../curate/stats/index.js";
import { visibleText } from "../../../util/visibleText.js";
import { padText, textWidth } from "../../textWidth.js";
import type { Places } from "./places.js";
import type { WordName } from "./words.js";

export interface Page {
  lines: string[];
  columns: number;
  say(name: WordName): string;
  pick(words: Words): string;
  place: Places;
  bold(text: string): string;
  dim(text: string): string;
  bar(text: string): string;
  warn(text: string): string;
}

export function heading(page: Page, name: WordName): void {
  page.lines.push("", page.bold(page.say(name)));
}

export function pairs(page: Page, rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([name]) => textWidth(name)));
  for (const [name, value] of rows) page.lines.push(`  ${padText(name, width)}  ${value}`);
}

/** Columns as wide as they need to be: the first to the left, numbers to the right. */
export function table(
  page: Page,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = head.map((name, column) =>
    Math.max(...[name, ...rows.map((row) => row[column]!)].map(textWidth)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => {
        const room = " ".repeat(widths[column]! - textWidth(cell));
        return column === 0 ? cell + room : room + cell;
      })
      .join("  ");
  page.lines.push(page.dim(`  ${line(head)}`), ...rows.map((row) => `  ${line(row)}`));
}

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar in eighths of a column. */
export function bar(share: number, columns: number): string {
  const parts = Math.round(share * columns * 8);
  const drawn = "█".repeat(Math.floor(parts / 8)) + eighths[parts % 8]!;
  return drawn === "" && share > 0 ? "▏" : drawn;
}

/** The end of a path tells more than its beginning. */
export function clipStart(text: string, columns: number): string {
  const characters = [...text];
  if (textWidth(text) <= columns) return text;
  while (textWidth(characters.join("")) >= columns) characters.shift();
  return `…${characters.join("")}`;
}

/** One line; what does not fit is left out. */
export function clipped(page: Page, text: string): void {
  const shown = visibleText(text);
  const room = page.columns - 2;
  if (textWidth(shown) <= room) {
    page.lines.push(`  ${shown}`);
    return;
  }
  const characters = [...shown.slice(0, 2 * room)];
  while (textWidth(characters.join("")) >= room) characters.pop();
  page.lines.push(`  ${characters.join("")}…`);
}
