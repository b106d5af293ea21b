/** The place where a change begins, short enough for a report. */
import type { Message } from "../../text/index.js";
import { excerpt } from "../../util/excerpt.js";
import { stringifyJson } from "../../util/json/index.js";
import type { CanonicalRow } from "./operator.js";

/** Text around the first difference of two rows. */
export interface ExampleChange {
  before: string;
  after: string;
}

const contextCharacters = 20;

/** The first message that differs, before and after; an empty text stands for no such message. */
export function firstDifference(before: CanonicalRow, after: CanonicalRow): ExampleChange {
  const length = Math.max(before.messages.length, after.messages.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [before.messages[index], after.messages[index]];
    const [parts, others] = [partsOf(one), partsOf(other)];
    const part = parts.findIndex((text, at) => text !== others[at]);
    if (part < 0 && one?.role === other?.role) continue;
    const [left, right] = [parts[Math.max(0, part)]!, others[Math.max(0, part)]!];
    let start = 0;
    while (start < left.length && left[start] === right[start]) start++;
    const from = Math.max(0, start - contextCharacters);
    return { before: excerpt(left, from), after: excerpt(right, from) };
  }
  return { before: "", after: "" };
}

/** The texts of a message that operators change: content, reasoning, calls of tools as JSON. */
export function partsOf(message: Message | undefined): string[] {
  const { content = "", reasoning_content: reasoning, tool_calls: calls } = message ?? {};
  return [
    content,
    typeof reasoning === "string" ? reasoning : "",
    calls === undefined ? "" : stringifyJson(calls),
  ];
}
