/** ShareGPT's format: `{"conversations": [{"from", "value"}, …], "tools"?, "system"?}`. */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { expectBare, expectConversation, inexpressible } from "./expressible.js";
import {
  isRow,
  optionalText,
  parseJson,
  type Row,
  readRole,
  rows,
  systemMessage,
  text,
  toolList,
} from "./fields.js";
import { conversationId } from "./firefly.js";
import type { ConversationFormat } from "./format.js";

export const shareGptFormat: ConversationFormat = {
  name: "sharegpt",
  keys: ["conversations", "tools", "system", "id"],
  matches: (row) => Array.isArray(row.conversations) && !("chosen" in row),
  read(row) {
    const messages = rows(row.conversations, "conversations").map(readEntry);
    const system = messages[0]?.role === "system" ? undefined : optionalText(row.system, "system");
    return {
      messages: [...systemMessage(system), ...messages],
      tools: toolList(row.tools),
      id: conversationId(row.id),
    };
  },
  write(row) {
    expectConversation(row, "sharegpt");
    const [first, ...rest] = row.messages;
    const hasSystem = first?.role === "system";
    return {
      id: row.id,
      conversations: (hasSystem ? rest : row.messages).map(writeEntry),
      system: hasSystem ? first.content : undefined,
      tools: row.tools && JSON.stringify(row.tools),
    };
  },
};

const writtenRoles = { system: "system", user: "human", assistant: "gpt", tool: "observation" };

/** Ids of calls go: the answers to calls come in the order of the calls. */
function writeEntry(message: Message): Row {
  const { tool_calls: calls, tool_call_id: _answers, ...bare } = message;
  if (calls === undefined) {
    expectBare(bare as Message, "sharegpt");
    return { from: writtenRoles[message.role], value: message.content };
  }
  if (message.content !== "") inexpressible("sharegpt", "words beside a call");
  expectBare(bare as Message, "sharegpt");
  const called = calls.map((call) => call.function);
  return {
    from: "function_call",
    value: JSON.stringify(called.length === 1 ? called[0] : called),
  };
}

/** One entry of a conversation; `index` names it in errors. */
export function readEntry(entry: Row, index: number): Message {
  const name = `conversations[${index}]`;
  const from = entry.from ?? entry.role;
  const content = text(entry.value ?? entry.content, `${name}.value`);
  if (from !== "function_call") return { role: readRole(from, `${name}.from`), content };
  const calls = [parseJson(content, `${name}.value`)].flat();
  return {
    role: "assistant",
    content: "",
    tool_calls: calls.map((call) => {
      if (!isRow(call)) {
        throw new DataError(`${name}.value is no function call`, {
          why: 'a function_call is JSON text of the form {"name", "arguments"}',
          todo: "correct or remove the row",
        });
      }
      const { name: called, arguments: given = {} } = call;
      return {
        type: "function",
        function: { name: text(called, `${name}.value.name`), arguments: given },
      };
    }),
  };
}
