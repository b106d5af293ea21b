/** ShareGPT's format: `{"conversations": [{"from", "value"}, …], "tools"?, "system"?}`. */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { type JsonValue, stringifyJson } from "../../util/json/index.js";
import { expectConversation, expectUsualTrain, inexpressible } from "./expressible.js";
import {
  isRow,
  type Row,
  readRole,
  readText,
  readTrain,
  rows,
  text,
  toolList,
  withoutNulls,
  withSystem,
} from "./fields.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat } from "./format.js";
import { readMessage } from "./messages.js";

export const shareGptFormat: ConversationFormat = {
  name: "sharegpt",
  keys: ["conversations", "tools", "system", "id"],
  matches: (row) => Array.isArray(row.conversations) && !("chosen" in row),
  read(row) {
    return {
      messages: withSystem(row.system, rows(row.conversations, "conversations").map(readEntry)),
      tools: toolList(row.tools),
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
      conversations: (hasSystem ? rest : row.messages).map(writeEntry),
      system: hasSystem ? first.content : undefined,
      tools: row.tools && stringifyJson(row.tools),
    };
  },
};

const writtenRoles = { system: "system", user: "human", assistant: "gpt", tool: "observation" };

/** Without the ids of calls; {@link expectAnswersInOrder} has seen that none is needed. */
function writeEntry(message: Message): Row {
  expectUsualTrain(message, "sharegpt");
  if (message.continues) inexpressible("sharegpt", "a turn of several parts");
  const { role, content, tool_calls: calls, tool_call_id: _answered, train: _, ...more } = message;
  if (calls === undefined) return { ...more, from: writtenRoles[role], value: content };
  if (content !== "") inexpressible("sharegpt", "text next to a tool call");
  const called = calls.map((call) => call.function);
  return {
    ...more,
    from: "function_call",
    value: stringifyJson(called.length === 1 ? called[0] : called),
  };
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

/** One entry of a conversation; `index` names it in errors. */
export function readEntry(entry: Row, index: number): Message {
  const place = `conversations[${index}]`;
  if (entry.from === undefined || entry.from === null) return readMessage(entry, place);
  const { from, value, content: otherValue, train, weight, ...rest } = entry;
  const content = text(value ?? otherValue, `${place}.value`);
  const role = from === "function_call" ? "assistant" : readRole(from, `${place}.from`);
  const learnt = readTrain({ train, weight }, role, place);
  return {
    ...withoutNulls(rest),
    role,
    ...(from === "function_call"
      ? { content: "", tool_calls: readFunctionCalls(content, `${place}.value`) }
      : { content }),
    ...(learnt === undefined ? {} : { train: learnt }),
  };
}

function readFunctionCalls(value: string, name: string) {
  return [readText(value, name)].flat().map((call) => {
    if (!isRow(call)) {
      throw new DataError(`${name} is not a function call`, {
        why: 'a function_call must be a JSON string of the form {"name", "arguments"}',
        todo: "correct or remove the row",
      });
    }
    const { name: called, arguments: given = {} } = call;
    return {
      type: "function",
      function: { name: text(called, `${name}.name`), arguments: given as JsonValue },
    };
  });
}
