/** Reads fields of rows from arbitrary files: each must have the right type, or the row is rejected. */
import {
  type Message,
  type Role,
  reservedVariable,
  type TemplateVariables,
} from "../../text/index.js";
import { DataError } from "../../util/errors.js";
import { Float, isJsonObject, type JsonValue, numberOf, parseJson } from "../../util/json/index.js";
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

/** Definitions of tools: a list, or a list written as JSON text. */
export function toolList(value: unknown): JsonValue[] | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const list = typeof value === "string" ? readText(value, "tools") : value;
  if (!Array.isArray(list)) {
    throw new DataError(`tools is ${describe(list)}, not a list`, {
      todo: "give a list of function definitions, or remove tools",
    });
  }
  return list.length > 0 ? list : undefined;
}

/**
 * Variables of a row for the chat template: an object, or one written as JSON text; undefined where
 * there is none.
 * @throws DataError for another value, and for names that are no variables
 */
export function templateKwargs(value: unknown): TemplateVariables | undefined {
  const name = "chat_template_kwargs";
  if (value === undefined || value === null || value === "") return undefined;
  const given = typeof value === "string" ? readText(value, name) : value;
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

/** @throws DataError when the text is not JSON */
export function readText(value: string, name: string): JsonValue {
  try {
    const read = parseJson(value);
    expectDepth(read, `${name}: `);
    return read;
  } catch (cause) {
    if (cause instanceof DataError) throw cause;
    throw new DataError(`${name} is not valid JSON`, {
      why: cause instanceof Error ? cause.message.replace(/\s+/g, " ").slice(0, 160) : "",
      todo: "correct or remove the row",
      cause,
    });
  }
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

/**
 * Whether a message says that it is trained on: by `train`, or by OpenAI's `weight`, 1 or 0. A weight
 * that equals the default is dropped.
 * @throws DataError for other values, and where the two disagree
 */
export function readTrain({ train, weight }: Row, role: Role, name: string): boolean | undefined {
  const said = readFlag(train, `${name}.train`);
  if (weight === undefined || weight === null) return said;
  const number = numberOf(weight);
  if (number !== 0 && number !== 1) {
    throw new DataError(`${name}.weight is ${describe(weight)}, neither 0 nor 1`, {
      why: "a message is either trained on (1) or not (0)",
      todo: "correct or remove the row",
    });
  }
  const weighted = number === 1;
  if (said !== undefined && said !== weighted) {
    throw new DataError(`${name} has "train": ${said} and "weight": ${number}`, {
      why: "they contradict each other",
      todo: "keep one of them",
    });
  }
  return said ?? (weighted === (role === "assistant") ? undefined : weighted);
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

const roleNames: Readonly<Record<string, Role>> = {
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
};

/** @throws DataError for an unknown role */
export function readRole(value: unknown, name: string): Role {
  const role = text(value, name);
  const known = Object.hasOwn(roleNames, role) ? roleNames[role] : undefined;
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
