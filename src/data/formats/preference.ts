/**
 * Preference pairs: a prompt with a chosen and a rejected answer. Read as TRL writes them (with the
 * prompt, or in both conversations), as LLaMA-Factory does (`conversations` or `instruction`), and
 * as Firefly does. Written with the prompt: `{"prompt", "chosen", "rejected"}`, lists of messages.
 */
import { isDeepStrictEqual } from "node:util";
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { readHistory } from "./alpaca.js";
import { readMessages } from "./entries.js";
import { inexpressible } from "./expressible.js";
import { isRow, optionalText, type Row } from "./fields.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat } from "./format.js";
import { messagesOf } from "./promptCompletion.js";
import { withSystem } from "./system.js";
import { readTools, toolKeys } from "./toolDefinitions.js";

const name = "preference";

const keysOfPairs = ["prompt", "chosen", "rejected", ...toolKeys, "id", "system"];
const keysOfInstruction = ["instruction", "input", "history"];

export const preferenceFormat: ConversationFormat = {
  name,
  keys: [...keysOfPairs, "conversations", ...keysOfInstruction],
  usedKeys(row) {
    if (isGiven(row.prompt)) return keysOfPairs;
    if (isGiven(row.conversations)) return [...keysOfPairs, "conversations"];
    return hasInstruction(row) ? [...keysOfPairs, ...keysOfInstruction] : keysOfPairs;
  },
  matches: (row) => "chosen" in row && "rejected" in row,
  read(row) {
    const chosen = readAnswer(row.chosen, "chosen");
    const rejected = readAnswer(row.rejected, "rejected");
    const given = readPrompt(row);
    const isWhole = given === undefined || [chosen, rejected].every(beginsWithQuestion);
    const shared = isWhole ? commonMessages(chosen, rejected) : 0;
    const prompt = isWhole ? chosen.slice(0, shared) : given;
    if (prompt.length === 0) {
      throw new DataError("prompt is missing", {
        why: "chosen and rejected do not start with the same messages either",
        todo: "correct or remove the row",
      });
    }
    if (isWhole && given !== undefined) expectPart(given, prompt);
    return {
      kind: name,
      messages: withSystem(row.system, prompt),
      chosen: chosen.slice(shared),
      rejected: rejected.slice(shared),
      tools: readTools(row),
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

/** Undefined where it is only a part of both conversations. */
function readPrompt(row: Row): Message[] | undefined {
  if (isGiven(row.prompt)) return messagesOf(row.prompt, "prompt", "user");
  if (isGiven(row.conversations)) return readMessages(row.conversations, "conversations");
  if (!hasInstruction(row)) return undefined;
  const input = optionalText(row.input, "input");
  const instruction = optionalText(row.instruction, "instruction");
  return [
    ...readHistory(row.history),
    { role: "user", content: [instruction, input].filter(Boolean).join("\n") },
  ];
}

function hasInstruction(row: Row): boolean {
  return isGiven(row.instruction) || isGiven(row.input);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function beginsWithQuestion(answer: readonly Message[]): boolean {
  return answer.length > 1 && (answer[0]!.role === "user" || answer[0]!.role === "system");
}

/** Of what is there twice, one is left out. @throws DataError where they are not the same */
function expectPart(given: readonly Message[], prompt: readonly Message[]): void {
  const said = (message: Message) => ({ ...message, content: message.content.trim() });
  const has = (message: Message) =>
    prompt.some((other) => isDeepStrictEqual(said(message), said(other)));
  if (given.every(has)) return;
  throw new DataError("the prompt differs from the start of chosen and rejected", {
    why: "chosen and rejected are whole conversations, so the prompt would be lost",
    todo: "correct the prompt, or remove it from the row",
  });
}

/** A text, a message, or a list of messages; messages in either notation. */
function readAnswer(value: unknown, key: string): Message[] {
  return messagesOf(isRow(value) ? [value] : value, key, "assistant");
}

/** Messages that both begin with, up to the last question: the answers stay with each. */
function commonMessages(chosen: readonly Message[], rejected: readonly Message[]): number {
  let count = 0;
  while (count < chosen.length - 1 && isDeepStrictEqual(chosen[count], rejected[count])) count++;
  while (count > 0 && chosen[count - 1]!.role === "assistant") count--;
  return count;
}
