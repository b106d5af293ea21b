/** Firefly's format: `{"conversation": [{"human", "assistant"}, …], "system"?, …}`. */
import { plainTurns } from "./expressible.js";
import { isRow, optionalText, rows, systemMessage, text } from "./fields.js";
import type { ConversationFormat } from "./format.js";

export const fireflyFormat: ConversationFormat = {
  name: "firefly",
  keys: ["conversation", "system", "conversation_id"],
  matches: (row) =>
    Array.isArray(row.conversation) &&
    row.conversation.some((turn) => isRow(turn) && ("human" in turn || "assistant" in turn)),
  read(row) {
    const turns = rows(row.conversation, "conversation");
    return {
      messages: [
        ...systemMessage(optionalText(row.system, "system")),
        ...turns.flatMap((turn, index) => [
          { role: "user" as const, content: text(turn.human, `conversation[${index}].human`) },
          {
            role: "assistant" as const,
            content: text(turn.assistant, `conversation[${index}].assistant`),
          },
        ]),
      ],
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

/** Ids are numbers in some files and texts in others. */
export function conversationId(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
