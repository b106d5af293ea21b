/** Lists and objects that are texts, as in the cells of tables: JSON, or what Python's `repr` writes. */
import { DataError } from "../../util/errors.js";
import { type JsonValue, parseJson } from "../../util/json/index.js";
import { parsePythonLiteral } from "../../util/pythonLiteral.js";
import { expectDepth } from "../rowFile/readRow.js";
import { type Row, rowOf } from "./fields.js";

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
