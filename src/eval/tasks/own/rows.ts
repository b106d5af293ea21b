/** Rows of the user's own data, with the places that errors name. */
import { resolve } from "node:path";
import { nearestOf } from "../../../util/editDistance.js";
import { ConfigError, DataError } from "../../../util/errors.js";
import {
  entriesOf,
  Float,
  isJsonObject,
  type JsonObject,
  type JsonValue,
} from "../../../util/json/index.js";
import type { ChatMessage } from "../../types.js";
import type { Where } from "./schema.js";

/** A row of a data file. */
export interface OwnRow {
  fields: Readonly<Record<string, unknown>>;
  /** `file:line`; of Parquet and Arrow the number of the row. */
  where: string;
  /** Of files of conversations, all turns. */
  messages?: readonly ChatMessage[];
}

/**
 * All rows of a file of any kind that training data may have.
 *
 * @throws DataError naming file and line
 */
export async function readRows(file: string): Promise<OwnRow[]> {
  const { openRowFile } = await import("../../../data/index.js");
  const rows = await openRowFile(resolve(file));
  try {
    return await all(rows.rows, async (row) => {
      const where = `${file}:${rows.line(row)}`;
      const value = await rows.read(row);
      if (isJsonObject(value)) return { fields: plainFields(value), where };
      throw new DataError(`${where}: the row is not an object of fields`);
    });
  } finally {
    await rows.close();
  }
}

/**
 * All conversations of a file in any format that training takes, with the keys that are not theirs.
 *
 * @throws DataError naming file and line
 */
export async function readConversations(file: string): Promise<OwnRow[]> {
  const { openConversations } = await import("../../../data/index.js");
  const rows = await openConversations([resolve(file)], { pairs: "keep" });
  try {
    return await all(rows.rows, async (row) => {
      const { conversation, rest } = await rows.readWhole(row);
      const where = `${file}:${rows.place(row).line}`;
      const messages = conversation.messages.map(({ role, content }): ChatMessage => {
        if (role === "system" || role === "user" || role === "assistant") return { role, content };
        throw new DataError(`${where}: a turn of ${role} cannot be asked`, {
          why: "only turns of system, user and assistant can",
          todo: "remove the row",
        });
      });
      return { fields: plainFields(rest as Record<string, JsonValue>), where, messages };
    });
  } finally {
    await rows.close();
  }
}

async function all<Item>(count: number, make: (index: number) => Promise<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for (let index = 0; index < count; index++) items.push(await make(index));
  return items;
}

function plainFields(row: JsonObject): Record<string, unknown> {
  return Object.fromEntries(entriesOf(row).map(([key, value]) => [key, plainOf(value)]));
}

/** A JSON value as JavaScript's own; a whole number that these cannot hold is its digits. */
function plainOf(value: JsonValue): unknown {
  if (value instanceof Float) return value.value;
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(plainOf);
  return isJsonObject(value) ? plainFields(value) : value;
}

/** Rows whose fields have the values that are asked for. @throws DataError for a field that no row has */
export function rowsWhere(rows: readonly OwnRow[], where: Where | undefined): OwnRow[] {
  const conditions = Object.entries(where ?? {});
  return rows.filter((row) =>
    conditions.every(([name, wanted]) =>
      [wanted].flat().some((one) => String(one) === String(fieldOf(row, name))),
    ),
  );
}

/** @throws DataError where the row has no such field */
export function fieldOf({ fields, where }: OwnRow, name: string): unknown {
  if (Object.hasOwn(fields, name)) return fields[name];
  const names = Object.keys(fields);
  const near = nearestOf(name, names);
  throw new DataError(`${where}: there is no field ${name}`, {
    todo: near === undefined ? `fields are ${names.join(", ")}` : `did you mean ${near}?`,
  });
}

/** A field as text. @throws DataError where it is empty, or no text, number or yes and no */
export function textOf(row: OwnRow, name: string): string {
  const value = fieldOf(row, name);
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const what = value === null || value === undefined ? "empty" : "a list or an object";
  throw new DataError(`${row.where}: ${name} is ${what}`, { todo: "it must be a text" });
}

/** A field that is a list of texts, or one text; cells of tables may hold a list as JSON. */
export function textsOf(row: OwnRow, name: string): string[] {
  const value = listOf(fieldOf(row, name));
  if (!Array.isArray(value)) return [textOf(row, name)];
  return value.map((one: unknown, i) =>
    textOf({ fields: { [`${name}[${i}]`]: one }, where: row.where }, `${name}[${i}]`),
  );
}

function listOf(value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith("[")) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Fields in braces are filled in; `{{` and `}}` are braces. @throws DataError, ConfigError */
export function fillTemplate(
  template: string,
  row: OwnRow,
  extra: Readonly<Record<string, string>> = {},
): string {
  return template.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (found, name?: string) => {
    if (found === "{{" || found === "}}") return found[0]!;
    if (name === undefined) {
      throw new ConfigError(`the prompt has a single ${found}`, {
        todo: "write {{ and }} for braces that are no fields",
      });
    }
    return Object.hasOwn(extra, name) ? extra[name]! : textOf(row, name);
  });
}
