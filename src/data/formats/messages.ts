/** The canonical format: `{"messages": [{"role", "content", …}], "tools"?, …}`, as OpenAI has it. */
import type { Message, ToolCall } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import type { JsonValue } from "../../util/json/index.js";
import { expectConversation } from "./expressible.js";
import {
  isRow,
  type Row,
  readFlag,
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

export const messagesFormat: ConversationFormat = {
  name: "messages",
  keys: ["messages", "tools", "system", "id"],
  matches: (row) => Array.isArray(row.messages),
  read(row) {
    return {
      messages: withSystem(row.system, readMessages(row.messages, "messages")),
      tools: toolList(row.tools),
      id: conversationId(row.id),
    };
  },
  write(row) {
    expectConversation(row, "messages");
    return { id: row.id, messages: row.messages, tools: row.tools };
  },
};

/**
 * A list of messages in OpenAI's notation.
 * @throws DataError naming the message by `list` and its index
 */
export function readMessages(value: unknown, list: string): Message[] {
  return rows(value, list).map((entry, index) => readMessage(entry, `${list}[${index}]`));
}

/** One message; `name` names it in errors. */
export function readMessage(entry: Row, name: string): Message {
  const { tool_calls: calls, function_call: call, train, weight, continues, ...rest } = entry;
  const role = readRole(entry.role, `${name}.role`);
  const called = calls ?? (isRow(call) ? [call] : []);
  const toolCalls = readCalls(called, name);
  const isCall = toolCalls.length > 0;
  const learnt = readTrain({ train, weight }, role, name);
  return {
    ...withoutNulls(rest),
    role,
    content: readContent(entry.content, `${name}.content`, isCall),
    ...(isCall ? { tool_calls: toolCalls } : {}),
    ...(learnt === undefined ? {} : { train: learnt }),
    ...(readFlag(continues, `${name}.continues`) ? { continues: true } : {}),
  };
}

/** A text, or OpenAI's list of parts where all of them are text. */
function readContent(value: unknown, name: string, mayBeAbsent: boolean): string {
  if (mayBeAbsent && (value === undefined || value === null)) return "";
  if (!Array.isArray(value)) return text(value, name);
  return rows(value, name)
    .map((part, index) => {
      if (part.type === "text") return text(part.text, `${name}[${index}].text`);
      throw new DataError(`${name}[${index}] is of type ${JSON.stringify(part.type)}`, {
        why: "only text is supported, not images or audio",
        todo: "remove the row",
      });
    })
    .join("");
}

/** Arguments that are JSON text become objects: that is what chat templates expect. */
function readCalls(value: unknown, name: string): ToolCall[] {
  return rows(value, `${name}.tool_calls`).map((call, index) => {
    const place = `${name}.tool_calls[${index}].function`;
    const called = isRow(call.function) ? call.function : call;
    const given = called.arguments ?? {};
    return {
      ...(typeof call.id === "string" ? { id: call.id } : {}),
      type: "function",
      function: {
        name: text(called.name, `${place}.name`),
        arguments:
          typeof given === "string"
            ? readText(given || "{}", `${place}.arguments`)
            : (given as JsonValue),
      },
    };
  });
}
