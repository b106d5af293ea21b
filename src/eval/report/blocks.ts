/** What a report is made of, whatever it is written as. */
import type { Markup } from "../../util/markup.js";

/** How a text is meant: what is better or worse stands out, what matters less steps back. */
export type Tone = "better" | "worse" | "quiet";

export type Cell = string | { text: string; tone: Tone };

export interface Column {
  title: string;
  /** Numbers stand to the right. */
  isNumber?: boolean;
}

export interface Table {
  caption: string;
  columns: readonly Column[];
  /** The first cell of each names it. */
  rows: readonly (readonly Cell[])[];
}

/** A picture, with its words for those who do not see it. */
export interface Chart {
  title: string;
  /** What it shows, in a sentence. */
  description: string;
  /** An `<svg>` element. */
  svg: Markup;
}

export type Block =
  | { kind: "heading"; level: 2 | 3; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "warning"; text: string }
  | { kind: "list"; items: readonly string[] }
  /** An echo's caption only repeats the heading above it. */
  | { kind: "table"; table: Table; isEcho?: boolean }
  | { kind: "chart"; chart: Chart }
  /** Text as it was given to or came from a model. */
  | { kind: "quote"; label: string; text: string }
  /** Texts beside each other, where there is room. */
  | { kind: "beside"; columns: readonly { label: string; text: string }[] }
  /** Hidden until it is asked for. */
  | { kind: "details"; summary: string; blocks: readonly Block[] };

export const heading = (level: 2 | 3, text: string): Block => ({ kind: "heading", level, text });
export const paragraph = (text: string): Block => ({ kind: "paragraph", text });
export const warning = (text: string): Block => ({ kind: "warning", text });
export const list = (items: readonly string[]): Block => ({ kind: "list", items });
export const quote = (label: string, text: string): Block => ({ kind: "quote", label, text });

/** A table, or nothing where it has no rows. */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): Block[] {
  return rows.length === 0 ? [] : [{ kind: "table", table: { caption, columns, rows } }];
}

export function details(summary: string, blocks: readonly Block[]): Block {
  return { kind: "details", summary, blocks };
}

export function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}
