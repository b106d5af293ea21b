/** Alpaca's format: `{"instruction", "input"?, "output", "history"?, "system"?}`. */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { openText } from "./cellText.js";
import { inexpressible, plainTurns } from "./expressible.js";
import { optionalText, text } from "./fields.js";
import type { ConversationFormat } from "./format.js";
import { systemMessage } from "./system.js";
import { readTools, toolKeys } from "./toolDefinitions.js";

export const alpacaFormat: ConversationFormat = {
  name: "alpaca",
  keys: ["instruction", "input", "output", "history", "system", ...toolKeys],
  matches: (row) => typeof row.instruction === "string" && "output" in row,
  read(row) {
    const instruction = text(row.instruction, "instruction");
    const input = optionalText(row.input, "input");
    return {
      messages: [
        ...systemMessage(optionalText(row.system, "system")),
        ...readHistory(row.history),
        { role: "user", content: [instruction, input].filter(Boolean).join("\n") },
        { role: "assistant", content: text(row.output, "output") },
      ],
      tools: readTools(row),
    };
  },
  write(row) {
    const { system, turns } = plainTurns(row, "alpaca");
    const last = turns.pop();
    if (last === undefined) inexpressible("alpaca", "a conversation without an answer");
    return {
      id: row.id,
      instruction: last.question,
      input: "",
      output: last.answer,
      history: turns.length === 0 ? undefined : turns.map((turn) => [turn.question, turn.answer]),
      system,
    };
  },
};

/** Earlier turns: `[[question, answer], …]`. */
export function readHistory(value: unknown): Message[] {
  const history = openText(value, "history") ?? [];
  if (!Array.isArray(history)) throw badHistory();
  return history.flatMap((turn, index) => {
    if (!Array.isArray(turn) || turn.length !== 2) throw badHistory();
    return [
      { role: "user" as const, content: text(turn[0], `history[${index}][0]`) },
      { role: "assistant" as const, content: text(turn[1], `history[${index}][1]`) },
    ];
  });
}

function badHistory(): DataError {
  return new DataError("history is not a list of [question, answer] pairs", {
    todo: "correct or remove the row",
  });
}
