/** All that a conversation says, part by part: to be read, or to be put down in other words. */
import {
  type Conversation,
  type Message,
  readThought,
  reasoningKeys,
  type ToolCall,
} from "../../text/index.js";
import {
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  numberOf,
  objectOf,
  stringifyJson,
} from "../../util/json/index.js";

/** One thing that a conversation says, which a template may leave out. */
export interface Part {
  kind: "text" | "reasoning" | "name" | "key" | "call" | "definition";
  /** Index of the message; -1 for a definition. */
  message: number;
  /** Of a key, of what is called, or of a defined tool. */
  name: string;
}

/** Is told every word of a conversation, in its order, and says what stands in its place. */
export interface Visitor {
  text(text: string, part: Part): string;
  /** A number among the arguments of a call. */
  number(value: JsonValue, part: Part): JsonValue;
}

/** The conversation with its words as the visitor gives them. Blank texts are no words. */
export function mapWords(conversation: Conversation, visitor: Visitor): Conversation {
  const { messages, tools } = conversation;
  const called = new Set(
    messages.flatMap(({ tool_calls: calls }) => calls?.map((call) => call.function.name) ?? []),
  );
  const words: Visitor = {
    ...visitor,
    text: (text, part) => (text.trim() === "" ? text : visitor.text(text, part)),
  };
  return {
    ...conversation,
    ...(tools && { tools: tools.map((tool) => mapTool(tool, words)) }),
    messages: messages.map((message, index) => mapMessage(message, index, called, words)),
  };
}

/** Keys that are no words: they say how a message is meant, or which call it answers. */
const structural = new Set(["role", "train", "continues", "tool_call_id"]);

function mapMessage(
  message: Message,
  index: number,
  called: ReadonlySet<string>,
  visitor: Visitor,
): Message {
  const mapped: Message = { role: message.role, content: message.content };
  const isAssistant = message.role === "assistant";
  const reasoning = new Map<string, string>();
  for (const [key, value] of Object.entries(message)) {
    const part: Part = { kind: "key", message: index, name: key };
    if (structural.has(key)) mapped[key] = value;
    else if (key === "content") mapped.content = mapContent(message, index, visitor);
    else if (key === "tool_calls") {
      mapped.tool_calls = (message.tool_calls ?? []).map((call) => mapCall(call, index, visitor));
    } else if (key === "name" && typeof value === "string") {
      // What a tool's message is called is what was called.
      const repeats = message.role === "tool" && called.has(value);
      mapped.name = repeats ? value : visitor.text(value, { ...part, kind: "name" });
    } else if (isAssistant && isReasoningKey(key) && typeof value === "string") {
      // Under several keys, the same text is one.
      const known = reasoning.get(value) ?? visitor.text(value, { ...part, kind: "reasoning" });
      reasoning.set(value, known);
      mapped[key] = known;
    } else mapped[key] = mapLeaves(value as JsonValue, (text) => visitor.text(text, part), keep);
  }
  return mapped;
}

function isReasoningKey(key: string): boolean {
  return reasoningKeys.some((known) => known === key);
}

function mapContent({ role, content }: Message, message: number, visitor: Visitor): string {
  const text = (words: string) => visitor.text(words, { kind: "text", message, name: "content" });
  const thought = role === "assistant" ? readThought(content) : undefined;
  if (thought === undefined) return text(content);
  const { opening, reasoning, closing, answer } = thought;
  const mapped = visitor.text(reasoning, { kind: "reasoning", message, name: "content" });
  return `${opening}${mapped}${closing}${text(answer)}`;
}

function mapCall(call: ToolCall, message: number, visitor: Visitor): ToolCall {
  const { name, arguments: given } = call.function;
  const part: Part = { kind: "call", message, name };
  return {
    ...call,
    function: {
      ...call.function,
      name: visitor.text(name, part),
      arguments: mapLeaves(
        given,
        (text) => visitor.text(text, part),
        (value) => visitor.number(value, part),
        (key) => visitor.text(key, part),
      ),
    },
  };
}

const keep = <T>(value: T): T => value;

/** A value with other texts, numbers and keys of objects inside. */
function mapLeaves(
  value: JsonValue,
  text: (text: string) => string,
  number: (value: JsonValue) => JsonValue,
  key: (key: string) => string = keep,
): JsonValue {
  if (typeof value === "string") return text(value);
  if (numberOf(value) !== undefined) return number(value);
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, text, number, key));
  if (!isJsonObject(value)) return value;
  return mapEntries(value, key, (item) => mapLeaves(item, text, number, key));
}

function mapEntries(
  value: JsonObject,
  key: (key: string) => string,
  entry: (value: JsonValue, key: string) => JsonValue,
): JsonObject {
  return objectOf(entriesOf(value).map(([name, item]) => [key(name), entry(item, name)]));
}

/** Of a definition its name, what describes it and its parameters, and their names. */
function mapTool(tool: JsonValue, visitor: Visitor): JsonValue {
  const part: Part = { kind: "definition", message: -1, name: toolName(tool) };
  const text = (words: string) => visitor.text(words, part);
  const map = (value: JsonValue, isNamed: boolean): JsonValue => {
    if (Array.isArray(value)) return value.map((item) => map(item, false));
    if (!isJsonObject(value)) return value;
    return mapEntries(value, keep, (item, key) => {
      if (typeof item === "string") {
        return key === "description" || (isNamed && key === "name") ? text(item) : item;
      }
      if (key !== "properties" || !isJsonObject(item)) {
        return map(item, isNamed && key === "function");
      }
      return mapEntries(item, text, (one) => map(one, false));
    });
  };
  return map(tool, true);
}

/** The name of a tool, or its definition where it has none. */
export function toolName(tool: unknown): string {
  const named = tool as { name?: unknown; function?: { name?: unknown } } | null;
  return String(named?.function?.name ?? named?.name ?? stringifyJson(tool));
}
