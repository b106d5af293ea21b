/** The place where a change begins, short enough for a report. */
import type { CanonicalRow } from "./operator.js";

/** Text around the first difference of two rows. */
export interface ExampleChange {
  before: string;
  after: string;
}

const contextCharacters = 20;
const excerptCharacters = 120;

/** The first message that differs, before and after; an empty text stands for no such message. */
export function firstDifference(before: CanonicalRow, after: CanonicalRow): ExampleChange {
  const length = Math.max(before.messages.length, after.messages.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [before.messages[index], after.messages[index]];
    if (one?.content === other?.content && one?.role === other?.role) continue;
    const [left, right] = [one?.content ?? "", other?.content ?? ""];
    let start = 0;
    while (start < left.length && left[start] === right[start]) start++;
    const from = Math.max(0, start - contextCharacters);
    return { before: excerpt(left, from), after: excerpt(right, from) };
  }
  return { before: "", after: "" };
}

/** Part of a text, with … where there is more; never half a character. */
export function excerpt(text: string, from = 0, characters = excerptCharacters): string {
  const end = from + characters;
  const part = text.slice(from, end).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
  return `${from > 0 ? "…" : ""}${part}${end < text.length ? "…" : ""}`;
}
