/**
 * Writes GGUF files (version 3), streamed: metadata and the table of tensors come first, from the
 * declared shapes, then each tensor's bytes as they are made.
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
import { writeAtomic } from "../util/atomicFile.js";
import { FormatError } from "../util/errors.js";
import { writeEntryData } from "./entryData.js";
import { ggmlType } from "./ggufTypes.js";
import { elementCount } from "./weights.js";

/** A metadata value as it is written; numbers say their type. */
export type GgufField =
  | string
  | boolean
  | readonly string[]
  | Int32Array
  | Float32Array
  | { uint32: number }
  | { float32: number };

/** A tensor to write. */
export interface GgufEntry {
  name: string;
  /** ggml's name of its type, such as `Q4_0`. */
  type: string;
  /** Outermost dimension first. */
  shape: readonly number[];
  /** Called once, when the tensor's turn comes: its bytes, whole or in pieces. */
  data: () => Iterable<Uint8Array> | Uint8Array;
}

/** Tensors begin at multiples of it: the format's default. */
const ALIGNMENT = 32;

/** Longest name that ggml reads (`GGML_MAX_NAME` less the end). */
const MAX_NAME_BYTES = 63;

/** Bytes of a tensor by its type and shape. @throws FormatError for rows that are not whole blocks */
export function ggufEntryBytes({ name, type, shape }: Omit<GgufEntry, "data">): number {
  const known = ggmlType(type);
  if (!known) throw new FormatError(`tensor \`${name}\` has the unknown type ${type}`);
  const row = shape[shape.length - 1] ?? 1;
  if (row % known.blockElements !== 0) {
    throw new FormatError(`tensor \`${name}\`: rows of ${row} are not whole ${type} blocks`);
  }
  return (elementCount(shape) / known.blockElements) * known.blockBytes;
}

/**
 * Writes one file, under a temporary name first; `path` is replaced only when all is on disk.
 *
 * @param onTensor is told how many tensors are written
 * @throws FormatError when a name is repeated or too long, a shape does not fit its type, or a
 * tensor's data is not as long as its shape says
 */
export function writeGgufFile(
  path: string,
  metadata: ReadonlyMap<string, GgufField>,
  entries: readonly GgufEntry[],
  onTensor?: (done: number) => void,
): void {
  const header = encodeHeader(path, metadata, entries);
  writeAtomic(path, (write) => {
    write(header);
    for (const [index, entry] of entries.entries()) {
      const expected = ggufEntryBytes(entry);
      writeEntryData(path, entry, expected, entry.type, write);
      write(new Uint8Array(aligned(expected) - expected));
      onTensor?.(index + 1);
    }
  });
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function encodeHeader(
  path: string,
  metadata: ReadonlyMap<string, GgufField>,
  entries: readonly GgufEntry[],
): Uint8Array {
  const parts = [Buffer.from("GGUF"), uint32(3), uint64(entries.length), uint64(metadata.size)];
  for (const [key, value] of metadata) parts.push(string(key), field(value));
  const names = new Set<string>();
  let offset = 0;
  for (const entry of entries) {
    const { name, type, shape } = entry;
    if (names.has(name))
      throw new FormatError(`${path}: the name \`${name}\` cannot be used twice`);
    names.add(name);
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
      throw new FormatError(`${path}: the name \`${name}\` is longer than ${MAX_NAME_BYTES} bytes`);
    }
    if (shape.length > 4 || !shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
      throw new FormatError(
        `${path}: \`${name}\` has the shape [${shape}], which GGUF cannot hold`,
      );
    }
    const bytes = ggufEntryBytes(entry);
    parts.push(string(name), uint32(shape.length), ...[...shape].reverse().map(uint64));
    parts.push(uint32(ggmlType(type)!.number), uint64(offset));
    offset += aligned(bytes);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(aligned(header.length) - header.length)]);
}

/** Numbers of the types of metadata. */
const UINT32 = 4;
const INT32 = 5;
const FLOAT32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

function field(value: GgufField): Buffer {
  if (typeof value === "string") return Buffer.concat([uint32(STRING), string(value)]);
  if (typeof value === "boolean") return Buffer.concat([uint32(BOOL), Buffer.of(Number(value))]);
  if (value instanceof Int32Array) return array(INT32, value.length, littleEndian(value));
  if (value instanceof Float32Array) return array(FLOAT32, value.length, littleEndian(value));
  if ("uint32" in value) return Buffer.concat([uint32(UINT32), uint32(value.uint32)]);
  if ("float32" in value) return Buffer.concat([uint32(FLOAT32), float32(value.float32)]);
  return array(STRING, value.length, Buffer.concat(value.map(string)));
}

function array(type: number, length: number, items: Buffer): Buffer {
  return Buffer.concat([uint32(ARRAY), uint32(type), uint64(length), items]);
}

function littleEndian({ buffer, byteOffset, byteLength }: Int32Array | Float32Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([uint64(bytes.length), bytes]);
}
