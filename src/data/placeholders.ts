/** Places in messages that somebody has to fill in: `{{name}}`. */
import type { Message } from "../text/index.js";
import type { FormattedRow } from "./formats/format.js";

const placeholder = /\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;

/** Names of the placeholders in a text, each once, in the order of their first use. */
export function placeholderNames(text: string): string[] {
  if (!text.includes("{{")) return [];
  return [...new Set(Array.from(text.matchAll(placeholder), (match) => match[1]!))];
}

/** Puts values in; placeholders without a value stay. */
export function fillPlaceholders(
  row: FormattedRow,
  values: Readonly<Record<string, string>> | undefined,
): FormattedRow {
  if (values === undefined || Object.keys(values).length === 0) return row;
  const fill = (messages: readonly Message[]) =>
    messages.map((message) => ({
      ...message,
      content: message.content.replace(placeholder, (whole, name: string) =>
        Object.hasOwn(values, name) ? values[name]! : whole,
      ),
    }));
  return {
    ...row,
    messages: fill(row.messages),
    ...(row.chosen ? { chosen: fill(row.chosen) } : {}),
    ...(row.rejected ? { rejected: fill(row.rejected) } : {}),
  };
}

/** How many rows have each placeholder. */
export interface PlaceholderCounts {
  add(texts: readonly string[]): void;
  /** By name; empty where there are none. */
  counts(): Record<string, number>;
}

export function countPlaceholders(): PlaceholderCounts {
  const rows = new Map<string, number>();
  return {
    add(texts) {
      const names = new Set(texts.flatMap(placeholderNames));
      for (const name of names) rows.set(name, (rows.get(name) ?? 0) + 1);
    },
    counts: () => Object.fromEntries(rows),
  };
}
