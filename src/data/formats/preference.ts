/**
 * Preference pairs: a prompt with a chosen and a rejected answer. Read as TRL writes them (with the
 * prompt, or in both conversations), as LLaMA-Factory does (`conversations` or `instruction`), and
 * as Firefly does. Written with the prompt: `{"prompt", "chosen", "rejected"}`, lists of messages.
 */
import { isDeepStrictEqual } from "node:util";
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { readHistory } from "./alpaca.js";
import { inexpressible } from "./expressible.js";
import { isRow, optionalText, type Row, rows, systemMessage, text, toolList } from "./fields.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat } from "./format.js";
import { readMessages } from "./messages.js";
import { messagesOf } from "./promptCompletion.js";
import { readEntry } from "./shareGpt.js";

const name = "preference";

export const preferenceFormat: ConversationFormat = {
  name,
  keys: [
    ...["prompt", "chosen", "rejected", "tools", "id", "system"],
    ...["conversations", "instruction", "input", "history"],
  ],
  matches: (row) => "chosen" in row && "rejected" in row,
  read(row) {
    const given = readPrompt(row);
    const chosen = readAnswer(row.chosen, "chosen");
    const rejected = readAnswer(row.rejected, "rejected");
    const shared = given === undefined ? commonMessages(chosen, rejected) : 0;
    const prompt = given ?? chosen.slice(0, shared);
    if (prompt.length === 0) {
      throw new DataError("prompt is missing", {
        why: "chosen and rejected do not begin with the same messages either",
        todo: "correct or remove the row",
      });
    }
    const system = prompt[0]?.role === "system" ? undefined : optionalText(row.system, "system");
    return {
      kind: name,
      messages: [...systemMessage(system), ...prompt],
      chosen: chosen.slice(shared),
      rejected: rejected.slice(shared),
      tools: toolList(row.tools),
      id: conversationId(row.id),
    };
  },
  write(row) {
    if (row.kind !== "preference" || !row.chosen || !row.rejected) {
      inexpressible(name, "a conversation without a rejected answer", "convert to messages");
    }
    return {
      id: row.id,
      prompt: row.messages,
      chosen: row.chosen,
      rejected: row.rejected,
      tools: row.tools,
    };
  },
};

/** Undefined where it is part of both conversations. */
function readPrompt(row: Row): Message[] | undefined {
  if (row.prompt !== undefined) {
    const isWhole = [row.chosen, row.rejected].every(
      (value) =>
        Array.isArray(value) && value.length > 1 && isRow(value[0]) && isQuestion(value[0]),
    );
    return isWhole ? undefined : messagesOf(row.prompt, "prompt", "user");
  }
  if (row.conversations !== undefined) {
    return rows(row.conversations, "conversations").map(readEntry);
  }
  if (row.instruction === undefined) return undefined;
  const input = optionalText(row.input, "input");
  const instruction = text(row.instruction, "instruction");
  return [
    ...readHistory(row.history),
    { role: "user", content: [instruction, input].filter(Boolean).join("\n") },
  ];
}

function isQuestion(message: Row): boolean {
  return message.role === "user" || message.role === "system";
}

/** A text, a message in either notation, or a list of messages. */
function readAnswer(value: unknown, key: string): Message[] {
  if (isRow(value)) return "from" in value ? [readEntry(value, 0)] : readMessages([value], key);
  return messagesOf(value, key, "assistant");
}

/** Messages that both begin with, up to the last question: the answers stay with each. */
function commonMessages(chosen: readonly Message[], rejected: readonly Message[]): number {
  let count = 0;
  while (count < chosen.length - 1 && isDeepStrictEqual(chosen[count], rejected[count])) count++;
  while (count > 0 && chosen[count - 1]!.role === "assistant") count--;
  return count;
}
