/**
 * Firefly's formats: `{"conversation": [{"human", "assistant"}, …], "system"?, …}`, and the single
 * questions of its first data set, `{"input", "target", "kind"?}`. The first one is written.
 */
import type { Message } from "../../text/index.js";
import type { JsonValue } from "../../util/json/index.js";
import { listIn, openText } from "./cellText.js";
import { plainTurns } from "./expressible.js";
import { isRow, optionalText, type Row, refuseKeys, rows, text, without } from "./fields.js";
import type { ConversationFormat } from "./format.js";
import { systemMessage } from "./system.js";

const keys = ["conversation", "system", "conversation_id"];
const keysOfSingle = ["input", "target", "system", "conversation_id"];

export const fireflyFormat: ConversationFormat = {
  name: "firefly",
  keys,
  usedKeys: (row) => (isSingle(row) ? keysOfSingle : keys),
  matches: (row) =>
    isSingle(row) ||
    listIn(row.conversation)?.some(
      (turn) => isRow(turn) && ("human" in turn || "assistant" in turn),
    ) === true,
  read(row) {
    const turns = isSingle(row)
      ? [turnOf(text(row.input, "input"), text(row.target, "target"))]
      : rows(openText(row.conversation, "conversation"), "conversation").map((turn, index) => {
          const name = `conversation[${index}]`;
          refuseKeys(without(turn, ["human", "assistant"]), name);
          return turnOf(
            text(turn.human, `${name}.human`),
            text(turn.assistant, `${name}.assistant`),
          );
        });
    return {
      messages: [...systemMessage(optionalText(row.system, "system")), ...turns.flat()],
      id: conversationId(row.conversation_id),
    };
  },
  write(row) {
    const { system, turns } = plainTurns(row, "firefly");
    return {
      conversation_id: row.id,
      conversation: turns.map(({ question, answer }) => ({ human: question, assistant: answer })),
      system,
    };
  },
};

function isSingle(row: Row): boolean {
  const isOther = "conversation" in row || "instruction" in row;
  return !isOther && typeof row.input === "string" && "target" in row;
}

function turnOf(human: string, assistant: string): Message[] {
  return [
    { role: "user", content: human },
    { role: "assistant", content: assistant },
  ];
}

/** As it is in the file: numbers in some, texts in others. */
export function conversationId(value: unknown): JsonValue | undefined {
  return value === undefined || value === null ? undefined : (value as JsonValue);
}
