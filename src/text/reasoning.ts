/** What an assistant thinks before it answers: where messages hold it, and messages without it. */
import type { Message } from "./types.js";

/**
 * What training does with reasoning, where templates leave out that of earlier turns: `drop` takes
 * all of it out, `keep` writes it in every turn, `last` leaves it in the last one alone, `split`
 * makes one sequence for each turn, so that each is learnt as it will be generated.
 */
export type ReasoningChoice = "drop" | "keep" | "last" | "split";

/** Keys of a message that hold reasoning, in the order in which transformers looks for it. */
export const reasoningKeys = ["reasoning_content", "thinking", "reasoning"] as const;

/** Content that begins with reasoning; the parts, joined, are the content. */
export interface Thought {
  /** The opening tag with the whitespace around it; empty where a prompt wrote it already. */
  opening: string;
  /** Without whitespace at its ends. */
  reasoning: string;
  /** The closing tag with the whitespace around it. */
  closing: string;
  answer: string;
}

const names = ["think", "thinking", "thought", "reasoning", "seed:think"];

/** What models write around their reasoning. */
export const reasoningTags: readonly { opening: string; closing: string }[] = [
  ...names.map((name) => ({ opening: `<${name}>`, closing: `</${name}>` })),
  { opening: "[THINK]", closing: "[/THINK]" },
];

const openingTag = new RegExp(`^\\s*(?:<(${names.join("|")})>|\\[(THINK)\\])\\s*`);

/** Reads reasoning off the beginning of an assistant's content; undefined where there is none. */
export function readThought(content: string): Thought | undefined {
  const opened = openingTag.exec(content);
  const opening = opened?.[0] ?? "";
  const close = closeOf(content, opened);
  if (close === undefined || close.start < opening.length) return undefined;
  const reasoning = content.slice(opening.length, close.start).trimEnd();
  const from = opening.length + reasoning.length;
  const closing = content.slice(from, close.end) + leadingSpace(content.slice(close.end));
  return { opening, reasoning, closing, answer: content.slice(from + closing.length) };
}

function closeOf(
  content: string,
  opened: RegExpExecArray | null,
): { start: number; end: number } | undefined {
  // Without an opening tag, a tag inside a sentence is talk about tags.
  const tag = opened?.[2] ? "[/THINK]" : `</${opened?.[1] ?? "think"}>`;
  const start = opened
    ? content.indexOf(tag, opened[0].trimEnd().length)
    : content.search(/^[ \t]*<\/think>/m);
  return start === -1 ? undefined : { start, end: content.indexOf(tag, start) + tag.length };
}

function leadingSpace(text: string): string {
  return text.slice(0, text.length - text.trimStart().length);
}

/** Whether an assistant's message holds reasoning, in a key of its own or in its content. */
export function hasReasoning(message: Message): boolean {
  if (message.role !== "assistant") return false;
  return keysOf(message).length > 0 || Boolean(readThought(message.content)?.reasoning);
}

/** The reasoning of a message, as a template would read it: that of a key goes first. */
export function reasoningOf(message: Message): string | undefined {
  const [key] = keysOf(message);
  const own = key === undefined ? readThought(message.content)?.reasoning : message[key];
  return typeof own === "string" ? own.trim() : undefined;
}

function keysOf(message: Message): (typeof reasoningKeys)[number][] {
  return reasoningKeys.filter((key) => {
    const value = message[key];
    return typeof value === "string" ? value.trim() !== "" : value !== undefined && value !== null;
  });
}

/** The message with nothing of its reasoning, not even empty tags. */
export function withoutReasoning(message: Message): Message {
  if (message.role !== "assistant") return message;
  const {
    reasoning_content: _content,
    thinking: _thinking,
    reasoning: _reasoning,
    ...rest
  } = message;
  const thought = readThought(message.content);
  return thought === undefined ? rest : { ...rest, content: thought.answer };
}
