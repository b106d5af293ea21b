/** Values of Arrow's columns as those of JSON. */
import {
  Binary,
  BinaryView,
  type Data,
  DataType,
  DateUnit,
  type Field,
  LargeBinary,
  Type,
  Vector,
} from "apache-arrow";
import { Float, type JsonValue, objectOf } from "../../util/json/index.js";
import { dateText, timestampText, timeText } from "./arrowTimes.js";
import { unpaddedObject } from "./padding.js";

/** The value at an index of a column. */
type Cells = (index: number) => JsonValue;

/**
 * Reads the values of a column of a record batch; structs go without the nulls that pad them.
 * @throws Error naming the column where its type has no values of JSON, or a value is not there
 */
export function cellsOf(data: Data, column: string): Cells {
  const { length } = data;
  const cells = DataType.isNull(data.type) ? () => null : validCells(data, column);
  return (index) => {
    if (!(index < length)) throw notThere(column);
    return data.getValid(index) ? cells(index) : null;
  };
}

/** Of a file that is damaged. */
function notThere(column: string): Error {
  return new Error(`${column} has fewer values than it says`);
}

/** Fields of a struct, or the columns of a table. @throws Error where two have one name */
export function expectOwnNames(fields: readonly Field[], where: string): void {
  const names = fields.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw new Error(`${where} has the key ${JSON.stringify(twice)} twice`);
}

function validCells(data: Data, column: string): Cells {
  const { type } = data;
  if (DataType.isDictionary(type)) {
    const { values, dictionary } = data;
    const cells = cellsOfChunks(dictionary!, column);
    return (index) => cells(Number(values[index]));
  }
  return nestedCells(data, column) ?? timeCells(data) ?? plainCells(data, column);
}

/** The values of several pieces of one column. */
function cellsOfChunks({ data }: Vector, column: string): Cells {
  const chunks = data.map((chunk) => ({ length: chunk.length, cells: cellsOf(chunk, column) }));
  return (index) => {
    let at = index;
    for (const { length, cells } of chunks) {
      if (at < length) return cells(at);
      at -= length;
    }
    throw notThere(column);
  };
}

function nestedCells(data: Data, column: string): Cells | undefined {
  const { type, children, valueOffsets } = data;
  const range = (index: number, cells: Cells) => {
    const [from, to] = [Number(valueOffsets[index]), Number(valueOffsets[index + 1])];
    if (!(from >= 0 && from <= to && to <= children[0]!.length)) throw notThere(column);
    return Array.from({ length: to - from }, (_, at) => cells(from + at));
  };
  if (DataType.isStruct(type)) {
    expectOwnNames(type.children, column);
    const fields = structFields(data, column);
    return (index) => unpaddedObject(fields.map(([key, cells]) => [key, cells(index)]));
  }
  if (DataType.isMap(type)) {
    const [[, keys], [, values]] = structFields(children[0]!, column) as [Entry, Entry];
    const entries: Cells = (index) => [keys(index), values(index)];
    return (index) => {
      const pairs = range(index, entries) as [JsonValue, JsonValue][];
      const named = pairs.map(([key, value]) => [keyText(key, column), value] as const);
      if (new Set(named.map(([key]) => key)).size < named.length) {
        throw new Error(`a map of ${column} has a key twice`);
      }
      return objectOf(named);
    };
  }
  if (DataType.isFixedSizeList(type)) {
    const cells = cellsOf(children[0]!, column);
    const { listSize } = type;
    return (index) => Array.from({ length: listSize }, (_, at) => cells(index * listSize + at));
  }
  if (DataType.isList(type) || DataType.isLargeList(type)) {
    const cells = cellsOf(children[0]!, column);
    return (index) => range(index, cells);
  }
  return undefined;
}

type Entry = readonly [string, Cells];

function structFields({ type, children }: Data, column: string): Entry[] {
  const fields: readonly Field[] = type.children;
  return fields.map(({ name }, at) => [name, cellsOf(children[at]!, `${column}.${name}`)]);
}

function keyText(key: JsonValue, column: string): string {
  if (["string", "number", "bigint"].includes(typeof key)) return String(key);
  throw new Error(`a map of ${column} has keys that are neither texts nor whole numbers`);
}

function timeCells({ type, values }: Data): Cells | undefined {
  if (DataType.isDate(type)) {
    const unit = type.unit === DateUnit.DAY ? 1 : 86_400_000;
    return (index) => dateText(Math.floor(Number(values[index]) / unit));
  }
  if (DataType.isTime(type)) return (index) => timeText(BigInt(values[index]), type.unit * 3);
  if (DataType.isTimestamp(type)) {
    const zone = type.timezone ? "+00" : "";
    return (index) => timestampText(BigInt(values[index]), type.unit * 3) + zone;
  }
  return undefined;
}

function plainCells(data: Data, column: string): Cells {
  const { type } = data;
  const vector = new Vector([data]);
  if (DataType.isBool(type)) return (index) => vector.get(index);
  const number = (index: number): number | bigint => {
    const value = vector.get(index);
    if (value === undefined) throw notThere(column);
    return value;
  };
  if (DataType.isFloat(type)) return (index) => new Float(Number(number(index)));
  if (DataType.isInt(type)) return (index) => wholeNumber(number(index));
  if (bytesTypes.has(type.typeId)) return (index) => bytesText(vector.get(index));
  const stored = textTypes.get(type.typeId);
  if (stored === undefined)
    throw new Error(`${column} has values of the type ${type}, which JSON does not have`);
  // Of the bytes: apache-arrow drops a mark of byte order, and replaces what is not UTF-8.
  const bytes = new Vector([data.clone(stored)]);
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return (index) => {
    try {
      return utf8.decode(bytes.get(index));
    } catch (cause) {
      throw new Error(`${column} has a text that is not UTF-8`, { cause });
    }
  };
}

/** How the bytes of texts lie. */
const textTypes = new Map<Type, DataType>([
  [Type.Utf8, new Binary()],
  [Type.LargeUtf8, new LargeBinary()],
  [Type.Utf8View, new BinaryView()],
]);

const bytesTypes = new Set([Type.Binary, Type.LargeBinary, Type.BinaryView, Type.FixedSizeBinary]);

function wholeNumber(value: number | bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** As DuckDB writes bytes: ASCII as it is, but for quotes and backslashes, and others as `\xFF`. */
function bytesText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("latin1")
    .replace(/[^ -~]|["'\\]/g, (character) => {
      const hex = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
      return `\\x${hex}`;
    });
}
