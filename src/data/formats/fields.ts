/** Reading fields of rows that strangers wrote: each has the type it should have, or is refused. */
import type { Message, Role } from "../../text/index.js";
import { DataError } from "../../util/errors.js";

export type Row = Readonly<Record<string, unknown>>;

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws DataError when it is not a text; `name` says which one */
export function text(value: unknown, name: string): string {
  if (typeof value === "string") return value;
  throw new DataError(
    value === undefined ? `${name} is missing` : `${name} is ${describe(value)}, not a text`,
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
  value.forEach((entry, index) => {
    if (!isRow(entry)) {
      throw new DataError(`${name}[${index}] is ${describe(entry)}, not an object`, {
        todo: "correct or remove the row",
      });
    }
  });
  return value;
}

/** Definitions of tools: a list, or a list written as JSON text. */
export function toolList(value: unknown): unknown[] | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const list = typeof value === "string" ? parseJson(value, "tools") : value;
  if (!Array.isArray(list)) {
    throw new DataError(`tools is ${describe(list)}, not a list`, {
      todo: "give a list of function definitions, or remove tools",
    });
  }
  return list.length > 0 ? list : undefined;
}

/** @throws DataError when the text is not JSON */
export function parseJson(value: string, name: string): unknown {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new DataError(`${name} is not JSON`, {
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

/** @throws DataError for a role that nobody knows */
export function readRole(value: unknown, name: string): Role {
  const role = text(value, name);
  const known = Object.hasOwn(roleNames, role) ? roleNames[role] : undefined;
  if (known) return known;
  throw new DataError(`${name} is ${JSON.stringify(role)}, which is no role`, {
    todo: "use system, user, assistant or tool",
  });
}

/** Names the type of a value, for errors. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a text";
  if (typeof value === "object") return "an object";
  return `${typeof value} ${String(value)}`;
}
