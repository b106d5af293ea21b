/** Errors for rows that a format cannot express. */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import type { FormattedRow } from "./format.js";

/** @throws DataError always */
export function inexpressible(format: string, what: string, todo?: string): never {
  throw new DataError(`the format ${format} cannot express ${what}`, {
    why: "it would be lost",
    todo: todo ?? "convert to messages, which keeps everything, or remove the row",
  });
}

/** @throws DataError for a text or a preference pair */
export function expectConversation(row: FormattedRow, format: string): void {
  if (row.kind === "text") inexpressible(format, "a plain text", "convert to text");
  if (row.kind === "preference") {
    inexpressible(format, "a pair of a chosen and a rejected answer", "convert to preference");
  }
}

/** What a conversation of questions and answers is made of. */
export interface PlainTurns {
  system: string | undefined;
  turns: { question: string; answer: string }[];
}

/**
 * A conversation as pairs of question and answer.
 * @throws DataError when it has tools, several system messages, an open question, or keys beside
 * role and content
 */
export function plainTurns(row: FormattedRow, format: string): PlainTurns {
  expectConversation(row, format);
  if (row.tools) inexpressible(format, "tool definitions");
  const [first] = row.messages;
  const system = first?.role === "system" ? first : undefined;
  const rest = row.messages.slice(system ? 1 : 0);
  const turns: PlainTurns["turns"] = [];
  for (const message of row.messages) expectBare(message, format);
  for (let at = 0; at < rest.length; at += 2) {
    const [question, answer] = [rest[at], rest[at + 1]];
    for (const message of [question, answer]) {
      if (message?.role === "tool") inexpressible(format, "a tool message");
      if (message?.role === "system") inexpressible(format, "a second system message");
    }
    if (question?.role !== "user" || answer?.role !== "assistant") {
      inexpressible(format, "a question without an answer");
    }
    turns.push({ question: question.content, answer: answer.content });
  }
  return { system: system?.content, turns };
}

/** @throws DataError when a message has more than role and content */
export function expectBare(message: Message, format: string): void {
  const { role: _role, content: _content, train: _train, ...more } = message;
  if (more.tool_calls) inexpressible(format, "tool calls");
  expectUsualTrain(message, format);
  const [key] = Object.keys(more).filter((name) => more[name] !== undefined);
  if (key !== undefined) inexpressible(format, `the key ${JSON.stringify(key)} of a message`);
}

/** @throws DataError if a message of another role is trained on, or one of the assistant is not */
export function expectUsualTrain({ role, train }: Message, format: string): void {
  if (train === undefined || train === (role === "assistant")) return;
  inexpressible(format, `"train": ${train} on a message of role ${role}`);
}
