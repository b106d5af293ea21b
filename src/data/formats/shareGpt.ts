/** ShareGPT's format: `{"conversations": [{"from", "value"}, …], "tools"?, "system"?}`. */
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
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
};

function readEntry(entry: Row, index: number): Message {
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
