/**
 * Tables give all objects of a column the same keys, and those that an object does not have are null.
 * Such keys are left out again, at every depth; what a text holds, and a map, is left as it is.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import {
  entriesOf,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  objectOf,
  parseJson,
  stringifyJson,
} from "../../util/json/index.js";
import { maxRowBytes } from "./readRow.js";

/** Where padding can be in the values of a type; undefined: nowhere. */
export type Padded =
  | { kind: "object"; keys: ReadonlyMap<string, Padded> }
  | { kind: "list"; inner: Padded }
  | { kind: "map"; inner: Padded }
  | undefined;

/** A type of DuckDB, as far as it is looked at. */
export interface TableType {
  typeId: number;
  entryNames?: readonly string[];
  entryTypes?: readonly TableType[];
  /** Of a list and of a map. */
  valueType?: TableType;
  /** Of a map only. */
  keyType?: TableType;
}

/** Where padding can be in values of a type. */
export function paddedType({ entryNames, entryTypes, valueType, keyType }: TableType): Padded {
  if (entryNames && entryTypes) {
    const keys = entryNames.map((name, at) => [name, paddedType(entryTypes[at]!)] as const);
    return { kind: "object", keys: new Map(keys) };
  }
  const inner = valueType && paddedType(valueType);
  return inner && { kind: keyType ? "map" : "list", inner };
}

/** The value without keys that are null because other objects have them. */
export function withoutPadding(value: JsonValue, type: Padded): JsonValue {
  if (type === undefined) return value;
  if (type.kind === "list") {
    return Array.isArray(value) ? value.map((item) => withoutPadding(item, type.inner)) : value;
  }
  if (!isJsonObject(value)) return value;
  const entries = entriesOf(value);
  if (type.kind === "map") {
    return objectOf(entries.map(([key, inner]) => [key, withoutPadding(inner, type.inner)]));
  }
  return unpaddedObject(
    entries.map(([key, inner]) => [key, withoutPadding(inner, type.keys.get(key))]),
  );
}

/** The object of a struct's keys and values, without those that are null. */
export function unpaddedObject(entries: readonly (readonly [string, JsonValue])[]): JsonObject {
  return objectOf(entries.filter(([, value]) => value !== null));
}

/**
 * Copies rows, one a line, without the padding in their columns; a column that is null stays. A row
 * that is too long to be read stays as it is.
 */
export async function copyWithoutPadding(
  from: string,
  to: string,
  columns: ReadonlyMap<string, Padded>,
): Promise<void> {
  const output = await open(to, "wx");
  const strip = (line: Buffer): Buffer => {
    if (line.length > maxRowBytes) return line;
    const row = entriesOf(parseJson(line.toString()) as Record<string, JsonValue>);
    const cells = row.map(([key, cell]) => [key, withoutPadding(cell, columns.get(key))] as const);
    return Buffer.from(`${stringifyJson(objectOf(cells))}\n`);
  };
  try {
    for await (const lines of linesOf(from)) {
      await output.writeFile(Buffer.concat(lines.map(strip)));
    }
  } finally {
    await output.close();
  }
}

/** Whole lines with their ends, some at a time. */
async function* linesOf(path: string): AsyncGenerator<Buffer[]> {
  let begun: Buffer[] = [];
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    const lines: Buffer[] = [];
    let at = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, at)) {
      lines.push(Buffer.concat([...begun, bytes.subarray(at, end + 1)]));
      begun = [];
      at = end + 1;
    }
    if (at < bytes.length) begun.push(bytes.subarray(at));
    yield lines;
  }
  if (begun.length > 0) yield [Buffer.concat(begun)];
}
