/** The text of a conversation that signatures are made of, and the digest of equal ones. */
import { createHash } from "node:crypto";
import type { WholeRow } from "../../data/index.js";
import type { Message } from "../../text/index.js";
import { stringifyJson } from "../../util/json/index.js";
import type { ComparedPart } from "./parameters.js";

/** The messages' contents (and calls), a line break between them; or the first one of the user. */
export function comparedText({ conversation, pair }: WholeRow, by: ComparedPart): string {
  const { messages } = conversation;
  if (by === "first-prompt") {
    const prompt = messages.find(({ role }) => role === "user");
    if (prompt) return prompt.content;
  }
  const all = [...messages, ...(pair?.chosen ?? []), ...(pair?.rejected ?? [])];
  return all.flatMap(({ content, tool_calls: calls }) => [content, ...callTexts(calls)]).join("\n");
}

function callTexts(calls: Message["tool_calls"]): string[] {
  return (calls ?? []).map((call) => stringifyJson(call.function));
}

/** Bytes of a {@link comparedDigest}. */
export const digestBytes = 16;

/**
 * Equal for rows that say the same: roles, contents, calls and tools, whatever else they carry. Ids of
 * calls are something else: every export makes its own.
 */
export function comparedDigest(whole: WholeRow, by: ComparedPart): Buffer {
  const { conversation, pair } = whole;
  const said = ({ role, content, tool_calls: calls, reasoning_content }: Message) => [
    role,
    content,
    calls?.map((call) => call.function),
    reasoning_content,
  ];
  const subject =
    by === "first-prompt"
      ? comparedText(whole, by)
      : [
          conversation.messages.map(said),
          conversation.tools,
          pair?.chosen.map(said),
          pair?.rejected.map(said),
        ];
  const digest = createHash("sha256").update(stringifyJson(subject)).digest();
  return digest.subarray(0, digestBytes);
}

/** Characters and messages of a row, by which the one to keep may be chosen. */
export function sizeOf({ conversation, pair }: WholeRow): { length: number; turns: number } {
  const all = [...conversation.messages, ...(pair?.chosen ?? []), ...(pair?.rejected ?? [])];
  return {
    length: all.reduce((sum, { content }) => sum + content.length, 0),
    turns: conversation.messages.length,
  };
}
