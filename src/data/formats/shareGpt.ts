/** ShareGPT's format: `{"conversations": [{"from", "value"}, …], "tools"?, "system"?}`. */
import type { Message } from "../../text/index.js";
import { stringifyJson } from "../../util/json/index.js";
import { isListOrText } from "./cellText.js";
import { readMessages } from "./entries.js";
import { expectConversation, expectUsualTrain, inexpressible } from "./expressible.js";
import type { Row } from "./fields.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat } from "./format.js";
import { withSystem } from "./system.js";
import { readTools, toolKeys } from "./toolDefinitions.js";

export const shareGptFormat: ConversationFormat = {
  name: "sharegpt",
  keys: ["conversations", ...toolKeys, "system", "id"],
  matches: (row) => isListOrText(row.conversations) && !("chosen" in row),
  read(row) {
    return {
      messages: withSystem(row.system, readMessages(row.conversations, "conversations")),
      tools: readTools(row),
      id: conversationId(row.id),
    };
  },
  write(row) {
    expectConversation(row, "sharegpt");
    expectAnswersInOrder(row.messages);
    const [first, ...rest] = row.messages;
    const hasSystem = first?.role === "system" && Object.keys(first).length === 2;
    return {
      id: row.id,
      conversations: (hasSystem ? rest : row.messages).flatMap(writeEntries),
      system: hasSystem ? first.content : undefined,
      tools: row.tools && stringifyJson(row.tools),
    };
  },
};

const writtenRoles = { system: "system", user: "human", assistant: "gpt", tool: "observation" };

/**
 * Calls are an entry after the words of their turn. They go without their ids;
 * {@link expectAnswersInOrder} has seen that none is needed.
 */
function writeEntries(message: Message): Row[] {
  expectUsualTrain(message, "sharegpt");
  if (message.continues) inexpressible("sharegpt", "a turn of several parts");
  const { role, content, tool_calls: calls, tool_call_id: _answered, train: _, ...more } = message;
  const words = { ...more, from: writtenRoles[role], value: content };
  if (calls === undefined) return [words];
  const called = calls.map((call) => call.function);
  const value = stringifyJson(called.length === 1 ? called[0] : called);
  const entry = { from: "function_call", value };
  return content === "" ? [{ ...more, ...entry }] : [words, entry];
}

/** @throws DataError when only their ids say which call a tool's messages answer */
function expectAnswersInOrder(messages: readonly Message[]): void {
  let open: (string | undefined)[] = [];
  for (const { role, tool_calls: calls, tool_call_id: answered } of messages) {
    if (calls) open = calls.map(({ id }) => id);
    else if (role === "tool" && open.shift() !== answered && answered !== undefined) {
      inexpressible("sharegpt", "tool results in a different order than their calls");
    }
  }
}
