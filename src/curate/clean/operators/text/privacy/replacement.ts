/** What the privacy operators have in common: options, placeholders, where they look. */
import { z } from "zod";
import type { Message } from "../../../../../text/index.js";
import { entriesOf, isJsonObject, objectOf } from "../../../../../util/json/index.js";
import { type CleanOperator, changeMessage, rolesOption } from "../../../operator.js";
import { splitCode } from "../scan/codeSpans.js";
import type { Range } from "../scan/urls.js";

/** Finds what is private in a text: ranges in order, not overlapping. */
export type Finder = (text: string) => Range[];

/** The options of every privacy operator. */
export function privacyOptions<Shape extends z.ZodRawShape>(placeholder: string, own: Shape) {
  return z.strictObject({
    replacement: z.string().default(placeholder).describe("the placeholder"),
    numbered: z
      .boolean()
      .default(false)
      .describe(
        "number the values of a conversation, as in <EMAIL_1>; equal values get the same number",
      ),
    code: z.boolean().default(true).describe("search inside code too"),
    roles: rolesOption(["system", "user", "assistant", "tool"]),
    ...own,
  });
}

interface PrivacyDefinition<Shape extends z.ZodRawShape> {
  name: string;
  summary: string;
  placeholder: string;
  own: Shape;
  /** What every text with something private holds; others are passed over. */
  sign: RegExp;
  finder(options: z.output<z.ZodObject<Shape, z.core.$strict>>): Finder;
}

interface CommonOptions {
  replacement: string;
  numbered: boolean;
  code: boolean;
  roles: string[];
}

/**
 * An operator that puts a placeholder where something private stands: in the contents of messages,
 * their reasoning and the arguments of their tool calls.
 */
export function privacyOperator<Shape extends z.ZodRawShape>(
  definition: PrivacyDefinition<Shape>,
): CleanOperator {
  return {
    name: definition.name,
    kind: "change",
    summary: definition.summary,
    options: privacyOptions(definition.placeholder, definition.own),
    prepare(given) {
      const { replacement, numbered, code, roles, ...own } = given as CommonOptions;
      const find = definition.finder(own as z.output<z.ZodObject<Shape, z.core.$strict>>);
      return (row) => {
        const numbers = new Map<string, number>();
        const placeholder = (value: string) =>
          numbered ? numberedPlaceholder(replacement, value, numbers) : replacement;
        const change = (text: string) =>
          definition.sign.test(text) ? replaceFound(text, find, placeholder, code) : text;
        let changed = false;
        const messages = row.messages.map((message) => {
          if (!roles.includes(message.role)) return message;
          const next = changeAll(message, change);
          changed ||= next !== message;
          return next;
        });
        return changed ? { ...row, messages } : row;
      };
    },
  };
}

/** `<EMAIL>` with a number inside its bracket, or behind where it has none. */
function numberedPlaceholder(replacement: string, value: string, numbers: Map<string, number>) {
  const key = value.replace(/[\s().-]/g, "").toLowerCase();
  const number = numbers.get(key) ?? numbers.size + 1;
  numbers.set(key, number);
  const [, body, bracket] = /^([\s\S]*?)([>\]})】]?)$/.exec(replacement)!;
  return `${body}_${number}${bracket}`;
}

function replaceFound(
  text: string,
  find: Finder,
  placeholder: (value: string) => string,
  code: boolean,
): string {
  if (!code) {
    return splitCode(text)
      .map((span) => (span.code ? span.text : replaceFound(span.text, find, placeholder, true)))
      .join("");
  }
  let out = "";
  let copied = 0;
  for (const { start, end } of find(text)) {
    out += text.slice(copied, start) + placeholder(text.slice(start, end));
    copied = end;
  }
  return copied === 0 ? text : out + text.slice(copied);
}

/** The message with its texts and the arguments of its tool calls changed. */
function changeAll(message: Message, change: (text: string) => string): Message {
  const changed = changeMessage(message, change);
  if (!message.tool_calls) return changed;
  const calls = changeStrings(message.tool_calls, change);
  return calls === message.tool_calls ? changed : { ...changed, tool_calls: calls };
}

/** A JSON value with its strings changed; the same object where none was. */
function changeStrings<Value>(value: Value, change: (text: string) => string): Value {
  if (typeof value === "string") return change(value) as Value;
  if (Array.isArray(value)) {
    const next = value.map((part: unknown) => changeStrings(part, change));
    return next.some((part, index) => part !== value[index]) ? (next as Value) : value;
  }
  if (!isJsonObject(value)) return value;
  const entries = entriesOf(value);
  const next = entries.map(([key, part]) => [key, changeStrings(part, change)] as const);
  return next.some(([, part], index) => part !== entries[index]![1])
    ? (objectOf(next) as Value)
    : value;
}
