/** Reads fields of rows from arbitrary files: each must have the right type, or the row is rejected. */
import {
  type Message,
  type Role,
  reservedVariable,
  type TemplateVariables,
} from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import {
  entriesOf,
  Float,
  isJsonObject,
  type JsonValue,
  numberOf,
  parseJson,
} from "../../util/json/index.js";
import { parsePythonLiteral } from "../../util/pythonLiteral.js";
import { expectDepth } from "../rowFile/readRow.js";

export type Row = Readonly<Record<string, unknown>>;

export function isRow(value: unknown): value is Row {
  return isJsonObject(value) && !(value instanceof Map);
}

/** An object of JSON as an object of JavaScript; undefined for anything else. */
export function rowOf(value: unknown): Row | undefined {
  if (!isJsonObject(value)) return undefined;
  return value instanceof Map ? Object.fromEntries(value) : value;
}

/** @throws DataError when it is not a text; `name` says which one */
export function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new DataError(
    value === undefined ? `${name} is missing` : `${name} is ${describe(value)}, not a string`,
    { todo: "correct or remove the row" },
  );
}

/** A text, or undefined where it is absent, null or empty. */
export function optionalText(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  return text(value, name);
}

/** A list, or the one that a text holds, as in the cell of a table; undefined for all else. */
export function listIn(value: unknown): JsonValue[] | undefined {
  const opened = isLikeJson(value) ? openQuietly(value) : value;
  return Array.isArray(opened) ? opened : undefined;
}

/** An object, or the one that a text holds, as in the cell of a table; undefined for all else. */
export function rowIn(value: unknown): Row | undefined {
  return rowOf(isLikeJson(value) ? openQuietly(value) : value);
}

/** Whether a value is a list, or a text that begins as one. */
export function isListOrText(value: unknown): boolean {
  return Array.isArray(value) || (isLikeJson(value) && value.trimStart().startsWith("["));
}

function isLikeJson(value: unknown): value is string {
  return typeof value === "string" && /^\s*[[{]/.test(value);
}

function openQuietly(value: string): unknown {
  try {
    return openText(value, "");
  } catch {
    return undefined;
  }
}

/** @throws DataError when it is not a list of objects */
export function rows(value: unknown, name: string): Row[] {
  if (!Array.isArray(value)) {
    throw new DataError(
      value === undefined ? `${name} is missing` : `${name} is ${describe(value)}, not a list`,
      { todo: "correct or remove the row" },
    );
  }
  return value.map((entry: unknown, index) => {
    const row = rowOf(entry);
    if (row) return row;
    throw new DataError(`${name}[${index}] is ${describe(entry)}, not an object`, {
      todo: "correct or remove the row",
    });
  });
}

/**
 * What a JSON text holds, however often it was written as a text; other values are as they are, and
 * null and nothing are undefined. Python's literals are read as well as JSON.
 * @throws DataError when it is neither
 */
export function openText(value: unknown, name: string): JsonValue | undefined {
  let opened = (value ?? undefined) as JsonValue | undefined;
  while (typeof opened === "string") {
    if (opened.trim() === "") return undefined;
    opened = readText(opened, name) ?? undefined;
  }
  return opened;
}

/**
 * Variables of a row for the chat template: an object, or one written as JSON text; undefined where
 * there is none.
 * @throws DataError for another value, and for names that are no variables
 */
export function templateKwargs(value: unknown): TemplateVariables | undefined {
  const name = "chat_template_kwargs";
  const given = openText(value, name);
  if (given === undefined) return undefined;
  if (!isRow(given)) {
    throw new DataError(`${name} is ${describe(given)}, not an object`, {
      todo: `give an object of variables, or remove ${name}`,
    });
  }
  const reserved = reservedVariable(given);
  if (reserved !== undefined) {
    throw new DataError(`${name} sets ${reserved}, which is no variable of a template`, {
      why: "it follows from the conversation",
      todo: `remove ${reserved} from ${name}`,
    });
  }
  const variables = withoutNulls(given);
  return Object.keys(variables).length > 0 ? variables : undefined;
}

function readText(value: string, name: string): JsonValue {
  const wrong: string[] = [];
  for (const read of [parseJson, parsePythonLiteral]) {
    try {
      const found = read(value);
      expectDepth(found, `${name}: `);
      return found;
    } catch (error) {
      if (error instanceof DataError) throw error;
      wrong.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new DataError(`${name} is not valid JSON`, {
    why: `${wrong[0]}; as a Python literal: ${wrong[1]}`,
    todo: "correct or remove the row",
  });
}

/**
 * Refuses what would be lost. Keys whose value is null, false or empty say nothing.
 * @param name names the object in errors
 * @throws DataError naming the first key
 */
export function refuseKeys(keys: Row, name: string): void {
  const key = Object.keys(keys).find((one) => !saysNothing(keys[one]));
  if (key === undefined) return;
  throw new DataError(`${name}.${key} has no meaning here`, {
    why: "it would be lost",
    todo: "remove the key from the row, or the row",
  });
}

function saysNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && entriesOf(value).length === 0;
}

/** The keys of a row that are not among the names. */
export function without(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => !names.includes(key)));
}

/** The keys in the order of `order`, those that it does not name at the end. */
export function inOrder<T extends object>(values: T, order: readonly string[]): T {
  const named = order.filter((key) => Object.hasOwn(values, key));
  const keys = [...new Set([...named, ...Object.keys(values)])] as (keyof T & string)[];
  return Object.fromEntries(keys.map((key) => [key, values[key]])) as T;
}

/** Two spellings of one thing that do not say the same. */
export function contradiction(place: string, one: string, other: string): DataError {
  return new DataError(`${place} has both ${one} and ${other}, which differ`, {
    why: "they mean the same, and one of them would be lost",
    todo: "keep one of them",
  });
}

/** A system message where there is a text for it. */
export function systemMessage(content: string | undefined): Message[] {
  return content === undefined ? [] : [{ role: "system", content }];
}

/** Columns of a table have a value in every row: null means that the key is absent. */
export function withoutNulls(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}

/** @throws DataError when it is neither absent, true nor false */
export function readFlag(value: unknown, name: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  throw new DataError(`${name} is ${describe(value)}, not true or false`, {
    todo: "correct or remove the row",
  });
}

/** Keys that say whether a message is trained on, as true and false or as 1 and 0. */
export const trainKeys: readonly string[] = ["train", "training", "loss", "weight", "loss_weight"];

/** @throws DataError for values other than true, false, 1 and 0, and where two of them disagree */
export function readTrain(entry: Row, role: Role, name: string): boolean | undefined {
  let known: { key: string; said: boolean } | undefined;
  for (const key of trainKeys) {
    const said = readLearnt(entry[key], key, name);
    if (said === undefined) continue;
    if (known && known.said !== said) {
      throw new DataError(
        `${name} has "${known.key}": ${shown(entry[known.key])} and "${key}": ${shown(entry[key])}`,
        { why: "they contradict each other", todo: "keep one of them" },
      );
    }
    known ??= { key, said };
  }
  // A number that says the usual is dropped; OpenAI's and LLaMA-Factory's files have it everywhere.
  if (known === undefined || known.key === "train") return known?.said;
  return known.said === (role === "assistant") ? undefined : known.said;
}

function readLearnt(value: unknown, key: string, name: string): boolean | undefined {
  if (key === "train" || key === "training") return readFlag(value, `${name}.${key}`);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "boolean") return value;
  const number = numberOf(value);
  if (number === 0 || number === 1) return number === 1;
  throw new DataError(`${name}.${key} is ${describe(value)}, neither 0 nor 1`, {
    why: "a message is either trained on (1) or not (0)",
    todo: "correct or remove the row",
  });
}

function shown(value: unknown): string {
  return String(numberOf(value) ?? value);
}

/**
 * Messages with the row's own system text before them.
 * @throws DataError where they begin with another one already
 */
export function withSystem(value: unknown, messages: Message[]): Message[] {
  const system = optionalText(value, "system");
  const [first] = messages;
  if (first?.role !== "system") return [...systemMessage(system), ...messages];
  if (system === undefined || system === first.content) return messages;
  throw new DataError("the row has two system messages: its key system and its first message", {
    why: "they differ, and one of them would be lost",
    todo: "keep one of them",
  });
}

/** Who speaks; `call` is an entry that is a call of tools, a part of the assistant's turn. */
export type Speaker = Role | "call";

const speakers: Readonly<Record<string, Speaker>> = {
  system: "system",
  developer: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  gpt: "assistant",
  chatgpt: "assistant",
  bot: "assistant",
  model: "assistant",
  tool: "tool",
  function: "tool",
  observation: "tool",
  function_response: "tool",
  tool_response: "tool",
  tool_result: "tool",
  function_call: "call",
  tool_call: "call",
  tool_calls: "call",
};

/** Who a name of a role stands for, in capitals or padded too. */
export function speakerNamed(role: string): Speaker | undefined {
  if (Object.hasOwn(speakers, role)) return speakers[role];
  const usual = role.trim().toLowerCase();
  return Object.hasOwn(speakers, usual) ? speakers[usual] : undefined;
}

/** @throws DataError for an unknown role */
export function readSpeaker(value: unknown, name: string): Speaker {
  const role = text(value, name);
  const known = speakerNamed(role);
  if (known) return known;
  throw new DataError(`${name} is ${JSON.stringify(role)}, which is not a known role`, {
    todo: "use system, user, assistant or tool",
  });
}

/** Names the type of a value, for errors. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a string";
  if (isJsonObject(value)) return "an object";
  if (typeof value === "bigint" || value instanceof Float) return `number ${value}`;
  return `${typeof value} ${String(value)}`;
}
