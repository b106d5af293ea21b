/** What of a row is compared: the text that signatures are made of, and the digest of equal rows. */
import { createHash } from "node:crypto";
import { toolName, type WholeRow } from "../../data/index.js";
import type { Message } from "../../text/index.js";
import { stringifyJson } from "../../util/json/index.js";
import type { SignatureParameters } from "./parameters.js";

/** Which part of a row is compared, and how. */
export type Comparison = Pick<SignatureParameters, "by" | "compare">;

/** The texts of a row. */
export interface RowParts {
  /** System messages and the definitions of tools: many rows share them. */
  opening: string;
  /** What each other message says, in order; the answers of a pair are lists of their own. */
  turns: readonly (readonly Turn[])[];
}

export interface Turn {
  /** Whether the assistant says it. */
  answer: boolean;
  text: string;
}

/** Reasoning, content and calls of a message. */
function said({ content, reasoning_content: reasoning, tool_calls: calls }: Message): string {
  const thought = typeof reasoning === "string" && reasoning !== "" ? [reasoning] : [];
  const called = (calls ?? []).map((call) => stringifyJson(call.function));
  return [...thought, content, ...called].join("\n");
}

/** The message that is compared alone, where that was asked for and there is one. */
function promptOf({ conversation }: WholeRow, by: Comparison["by"]): Message | undefined {
  return by === "first-prompt"
    ? conversation.messages.find(({ role }) => role === "user")
    : undefined;
}

export function rowParts(whole: WholeRow, by: Comparison["by"]): RowParts {
  const prompt = promptOf(whole, by);
  if (prompt) return { opening: "", turns: [[{ answer: false, text: prompt.content }]] };
  const { conversation, pair } = whole;
  const { messages, tools } = conversation;
  const opening = messages.filter(({ role }) => role === "system").map(said);
  if (tools !== undefined) opening.push(stringifyJson(tools));
  const turnsOf = (list: readonly Message[]) =>
    list
      .filter(({ role }) => role !== "system")
      .map((message) => ({ answer: message.role === "assistant", text: said(message) }));
  return {
    opening: opening.join("\n"),
    turns: [messages, ...(pair ? [pair.chosen, pair.rejected] : [])].map(turnsOf),
  };
}

/**
 * The text that a signature is made of, a line break between messages. `distinct`: without system
 * messages and tools, unless the row has no other text. `all`: all messages.
 */
export function comparedText(whole: WholeRow, { by, compare }: Comparison): string {
  if (compare === "distinct") {
    const parts = rowParts(whole, by);
    const text = turnsText(parts);
    return text.trim() === "" ? parts.opening : text;
  }
  const prompt = promptOf(whole, by);
  if (prompt) return prompt.content;
  const { conversation, pair } = whole;
  const all = [...conversation.messages, ...(pair?.chosen ?? []), ...(pair?.rejected ?? [])];
  return all.map(said).join("\n");
}

/** What the messages of a row say, but for those of the system. */
export function turnsText({ turns }: RowParts): string {
  return turns
    .flat()
    .map(({ text }) => text)
    .join("\n");
}

/** The names of the tools that a row defines. */
export function toolNames({ conversation }: WholeRow): string[] {
  return (conversation.tools ?? []).map(toolName);
}

const mediaKey = /^(?:image|video|audio)s?(?:_(?:path|file|url)s?)?$/i;

/** The pictures and sounds that a row names beside its messages: the same question about another picture is another row. */
export function mediaOf({ rest }: WholeRow): string {
  const media = Object.entries(rest).filter(([key]) => mediaKey.test(key));
  return media.length === 0 ? "" : stringifyJson(media);
}

/** Bytes of a {@link comparedDigest}. */
export const digestBytes = 16;

/**
 * Equal for rows that say the same: roles, contents, calls, tools and media, whatever else they carry. Ids
 * of calls are something else: every export makes its own.
 */
export function comparedDigest(whole: WholeRow, by: Comparison["by"]): Buffer {
  const { conversation, pair } = whole;
  const compared = ({ role, content, tool_calls: calls, reasoning_content }: Message) => [
    role,
    content,
    calls?.map((call) => call.function) ?? null,
    reasoning_content ?? null,
  ];
  const prompt = promptOf(whole, by);
  const subject = prompt
    ? prompt.content
    : [
        conversation.messages.map(compared),
        conversation.tools ?? null,
        pair?.chosen.map(compared) ?? null,
        pair?.rejected.map(compared) ?? null,
        mediaOf(whole),
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
