/**
 * The header of a GGUF file (versions 2 and 3): metadata and the table of tensors. All of it is
 * checked against the size of the file before use.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { excerpt } from "../util/excerpt.js";
import type { FileReader } from "../util/fileReader.js";
import { type GgufCursor, ggufCursor } from "./ggufCursor.js";
import { GGML_TYPES, type GgmlType } from "./ggufTypes.js";

/** A metadata value. 64-bit integers that a number cannot hold are bigints. */
export type GgufValue = GgufScalar | GgufArray;
export type GgufScalar = string | number | bigint | boolean;
export type GgufArray =
  | string[]
  | boolean[]
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array
  | BigUint64Array
  | BigInt64Array;

export interface GgufTensor {
  name: string;
  /** Outermost dimension first, the reverse of the file's order. */
  shape: number[];
  type: GgmlType;
  /** First byte in the file. */
  position: number;
  bytes: number;
}

export interface GgufHeader {
  version: number;
  metadata: Map<string, GgufValue>;
  tensors: Map<string, GgufTensor>;
}

const MAX_METADATA = 1 << 16;
const MAX_TENSORS = 1 << 18;
const MAX_ARRAY = 1 << 21;
const MAX_ALIGNMENT = 1 << 20;

/** @throws FormatError when the header is not valid for a file of this size */
export function readGgufHeader(file: FileReader): GgufHeader {
  const cursor = ggufCursor(file);
  if (file.size < 24) cursor.fail(`${file.size} bytes are too few for a GGUF header`);
  if (cursor.u32() !== 0x46554747) cursor.fail("does not start with `GGUF`");
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    const swapped = version >>> 24 === 2 || version >>> 24 === 3;
    cursor.fail(
      swapped ? "is a big-endian GGUF file, which is not supported" : `GGUF version ${version}`,
    );
  }
  const tensorCount = cursor.u64();
  const metadataCount = cursor.u64();
  cursor.checkCount(metadataCount, 13, MAX_METADATA, "metadata");
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < metadataCount; i++) {
    const key = cursor.string("a metadata key");
    if (metadata.has(key)) cursor.fail(`metadata \`${shown(key)}\` given twice`);
    metadata.set(key, readValue(cursor, cursor.u32(), `\`${shown(key)}\``));
  }
  cursor.checkCount(tensorCount, 33, MAX_TENSORS, "tensors");
  const tensors: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) tensors.push(readTensor(cursor));
  placeTensors(cursor, tensors, alignmentOf(cursor, metadata), file.size);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  if (byName.size < tensors.length) {
    const twice = tensors.find((tensor) => byName.get(tensor.name) !== tensor);
    cursor.fail(`tensor \`${shown(twice?.name ?? "")}\` given twice`);
  }
  return { version, metadata, tensors: byName };
}

function alignmentOf(cursor: GgufCursor, metadata: Map<string, GgufValue>): number {
  const alignment = metadata.get("general.alignment") ?? 32;
  const valid =
    typeof alignment === "number" &&
    alignment >= 1 &&
    alignment <= MAX_ALIGNMENT &&
    Number.isInteger(Math.log2(alignment));
  if (!valid) {
    cursor.fail(`general.alignment is ${String(alignment)}, not a power of two up to 2^20`);
  }
  return alignment as number;
}

function readTensor(cursor: GgufCursor): GgufTensor {
  const name = cursor.string("a tensor's name");
  const label = `tensor \`${shown(name)}\``;
  const rank = cursor.u32();
  if (rank > 4) cursor.fail(`${label} has ${rank} dimensions, above the limit of 4`);
  const shape: number[] = [];
  let elements = 1;
  for (let i = 0; i < rank; i++) {
    const size = cursor.u64();
    if (size < 1) cursor.fail(`${label} has a dimension of 0`);
    shape.unshift(size);
    elements *= size;
    if (!Number.isSafeInteger(elements)) cursor.fail(`${label} has a shape whose size overflows`);
  }
  const number = cursor.u32();
  const type = GGML_TYPES.get(number);
  if (!type) return cursor.fail(`${label} has the unknown type ${number}`);
  const row = shape[shape.length - 1] ?? 1;
  if (row % type.blockElements !== 0) {
    cursor.fail(`${label}: rows of ${row} are not whole ${type.name} blocks`);
  }
  const bytes = (elements / type.blockElements) * type.blockBytes;
  if (!Number.isSafeInteger(bytes)) cursor.fail(`${label} has a shape whose size overflows`);
  return { name, shape, type, position: cursor.u64(), bytes };
}

/** Turns offsets in the data into places in the file and checks that tensors lie apart in it. */
function placeTensors(
  cursor: GgufCursor,
  tensors: GgufTensor[],
  alignment: number,
  fileSize: number,
): void {
  const dataStart = Math.ceil(cursor.position() / alignment) * alignment;
  for (const tensor of tensors) {
    const label = `tensor \`${shown(tensor.name)}\``;
    if (tensor.position % alignment !== 0) {
      cursor.fail(`${label}: offset ${tensor.position} is not a multiple of ${alignment}`);
    }
    tensor.position += dataStart;
    if (tensor.position + tensor.bytes > fileSize) {
      cursor.fail(`${label} reaches past the end of the file`);
    }
  }
  let before: GgufTensor | undefined;
  for (const tensor of [...tensors].sort((a, b) => a.position - b.position)) {
    if (before && tensor.position < before.position + before.bytes) {
      cursor.fail(`tensors \`${shown(before.name)}\` and \`${shown(tensor.name)}\` overlap`);
    }
    before = tensor;
  }
}

const STRING = 8;
const ARRAY = 9;

function readValue(cursor: GgufCursor, type: number, what: string): GgufValue {
  if (type === STRING) return cursor.string(what);
  if (type === ARRAY) return readArray(cursor, what);
  const scalar = SCALARS.get(type);
  if (!scalar) return cursor.fail(`${what} has the unknown type ${type}`);
  const value = scalar.read(cursor.take(scalar.bytes, what));
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (type === 7 && value > 1) cursor.fail(`${what} is neither true nor false`);
  return type === 7 ? value === 1 : value;
}

function readArray(cursor: GgufCursor, what: string): GgufArray {
  const type = cursor.u32();
  const count = cursor.u64();
  if (type === STRING) {
    cursor.checkCount(count, 8, MAX_ARRAY, what);
    const strings: string[] = [];
    for (let i = 0; i < count; i++) strings.push(cursor.string(what));
    return strings;
  }
  if (type === ARRAY) return cursor.fail(`${what} is an array of arrays, which is not supported`);
  const scalar = SCALARS.get(type);
  if (!scalar) return cursor.fail(`${what} has elements of the unknown type ${type}`);
  cursor.checkCount(count, scalar.bytes, MAX_ARRAY, what);
  const values = new scalar.array(count);
  cursor.fill(new Uint8Array(values.buffer), what);
  if (type === 7) return Array.from(values as Uint8Array, (value) => value !== 0);
  return values;
}

type NumberArray = Exclude<GgufArray, string[] | boolean[]>;

interface ScalarType {
  bytes: number;
  read: (view: DataView) => number | bigint;
  array: new (length: number) => NumberArray;
}

const SCALARS: ReadonlyMap<number, ScalarType> = new Map<number, ScalarType>([
  [0, { bytes: 1, read: (v) => v.getUint8(0), array: Uint8Array }],
  [1, { bytes: 1, read: (v) => v.getInt8(0), array: Int8Array }],
  [2, { bytes: 2, read: (v) => v.getUint16(0, true), array: Uint16Array }],
  [3, { bytes: 2, read: (v) => v.getInt16(0, true), array: Int16Array }],
  [4, { bytes: 4, read: (v) => v.getUint32(0, true), array: Uint32Array }],
  [5, { bytes: 4, read: (v) => v.getInt32(0, true), array: Int32Array }],
  [6, { bytes: 4, read: (v) => v.getFloat32(0, true), array: Float32Array }],
  [7, { bytes: 1, read: (v) => v.getUint8(0), array: Uint8Array }],
  [10, { bytes: 8, read: (v) => v.getBigUint64(0, true), array: BigUint64Array }],
  [11, { bytes: 8, read: (v) => v.getBigInt64(0, true), array: BigInt64Array }],
  [12, { bytes: 8, read: (v) => v.getFloat64(0, true), array: Float64Array }],
]);

function shown(text: string): string {
  return excerpt(text, 0, 100);
}
