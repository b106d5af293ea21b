/** Rows whose columns, keys and roles have other names than the formats expect. */
import { DataError } from "../util/errors.js";
import {
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  objectOf,
} from "../util/json/index.js";
import { listIn } from "./formats/cellText.js";
import type { RowFile } from "./rowFile/index.js";

/** What things are called in a file, by the names that its format has for them. */
export interface RowNames {
  /** Columns of the row; those that are not named are not read. Default: as they are. */
  columns?: Readonly<Record<string, string>> | undefined;
  /** Keys of a message; others stay as they are. */
  messageKeys?: Readonly<Record<string, string>> | undefined;
  /** Roles, by what they are called in the file. */
  roles?: Readonly<Record<string, string>> | undefined;
}

/** The row with the names that its format expects. What is no object is left to the format. */
export function renamedRow(row: JsonValue, names: RowNames): JsonValue {
  const { columns, messageKeys, roles } = names;
  if (!isJsonObject(row) || !(columns || messageKeys || roles)) return row;
  const picked = columns ? pick(row, columns) : entriesOf(row);
  const message = (value: JsonValue) =>
    isJsonObject(value) ? renamedRole(renamedKeys(value, messageKeys), roles) : value;
  return objectOf(
    picked.map(([key, value]) => {
      const list = messageLists.has(key) && !isText(key, value) ? listIn(value) : undefined;
      return [key, list ? list.map(message) : value];
    }),
  );
}

const messageLists = new Set(["messages", "conversations", "prompt", "completion"]);

/** A prompt or completion that is a text is one whatever it looks like. */
function isText(key: string, value: JsonValue): boolean {
  return typeof value === "string" && (key === "prompt" || key === "completion");
}

type Entries = (readonly [string, JsonValue])[];

function pick(object: JsonObject, names: Readonly<Record<string, string>>): Entries {
  const values = new Map(entriesOf(object));
  return Object.entries(names).flatMap(([name, theirs]) => {
    const value = values.get(theirs);
    return value === undefined ? [] : [[name, value] as const];
  });
}

function renamedKeys(message: JsonObject, names: RowNames["messageKeys"] = {}): Entries {
  const taken = new Set([...Object.keys(names), ...Object.values(names)]);
  const others = entriesOf(message).filter(([key]) => !taken.has(key));
  return [...others, ...pick(message, names)];
}

function renamedRole(message: Entries, roles: RowNames["roles"] = {}): JsonObject {
  return objectOf(
    message.map(([key, value]) => {
      const isRole = (key === "role" || key === "from") && typeof value === "string";
      return isRole && Object.hasOwn(roles, value) ? [key, roles[value]!] : [key, value];
    }),
  );
}

/** Rows in which a column is looked for. */
const searchedRows = 1000;

/** @throws DataError where a column that has another name is in none of the first rows */
export async function checkColumns(file: RowFile, { columns = {} }: RowNames): Promise<void> {
  const missing = new Map(Object.entries(columns).filter(([name, theirs]) => name !== theirs));
  const count = Math.min(searchedRows, file.rows);
  for (let row = 0; row < count && missing.size > 0; row++) {
    const value = await file.read(row).catch(() => undefined);
    if (!isJsonObject(value)) continue;
    const present = new Set(entriesOf(value).map(([key]) => key));
    for (const [name, theirs] of missing) if (present.has(theirs)) missing.delete(name);
  }
  const [first] = missing;
  if (!first) return;
  throw new DataError(`${file.file}: there is no column ${JSON.stringify(first[1])}`, {
    why: `columns says that ${first[0]} is called so, and none of the first ${count} rows has it`,
    todo: `correct or remove ${first[0]} in columns`,
  });
}
