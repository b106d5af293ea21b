/** Reads fields of rows from arbitrary files: each must have the right type, or the row is rejected. */
import { DataError } from "../../util/errors.js";
import { entriesOf, Float, isJsonObject } from "../../util/json/index.js";

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

/** Null, false and what is empty. */
export function saysNothing(value: unknown): boolean {
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

/** Names the type of a value, for errors. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a string";
  if (isJsonObject(value)) return "an object";
  if (typeof value === "bigint" || value instanceof Float) return `number ${value}`;
  return `${typeof value} ${String(value)}`;
}
