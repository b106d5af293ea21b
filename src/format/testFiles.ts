/** Files for tests, made in memory: byte by byte where a header has to be wrong in one place. */
import { FormatError } from "../util/errors.js";
import type { FileReader } from "../util/fileReader.js";

/** A file of these bytes, followed by zeros up to `size`. */
export function memoryFile(bytes: Uint8Array, size = bytes.length): FileReader {
  return {
    path: "test.bin",
    size,
    readInto(into, position) {
      if (position + into.length > size) throw new FormatError("test.bin: file ends");
      into.fill(0).set(bytes.subarray(position, position + into.length));
    },
    close() {},
  };
}

/** A safetensors file with this header text. */
export function safetensorsBytes(header: string | Uint8Array, dataBytes: number): Buffer {
  const text = Buffer.from(header as string);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(dataBytes, 1)]);
}

type Piece = string | number | bigint | Uint8Array;

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
export const f32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
};
export const text = (value: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([u64(bytes.length), bytes]);
};

/** One metadata entry: strings, whole numbers as u32, fractions as f32, booleans, or raw bytes. */
export function entry(key: string, value: Piece | boolean | string[]): Buffer {
  if (value instanceof Uint8Array) return Buffer.concat([text(key), value]);
  if (typeof value === "string") return Buffer.concat([text(key), u32(8), text(value)]);
  if (typeof value === "boolean") {
    return Buffer.concat([text(key), u32(7), Buffer.from([Number(value)])]);
  }
  if (Array.isArray(value)) {
    const items = value.map((one) => text(one));
    return Buffer.concat([text(key), u32(9), u32(8), u64(value.length), ...items]);
  }
  if (typeof value === "bigint") return Buffer.concat([text(key), u32(10), u64(value)]);
  if (Number.isInteger(value)) return Buffer.concat([text(key), u32(4), u32(value)]);
  return Buffer.concat([text(key), u32(6), f32(value)]);
}

export interface TestTensor {
  name: string;
  /** Innermost first, as in the file. */
  dims: (number | bigint)[];
  type?: number;
  offset: number | bigint;
}

/** A tensor's row in the table. */
export function tensor({ name, dims, type = 0, offset }: TestTensor): Buffer {
  return Buffer.concat([
    text(name),
    u32(dims.length),
    ...dims.map((size) => u64(size)),
    u32(type),
    u64(offset),
  ]);
}

export interface TestGguf {
  magic?: string;
  version?: number;
  tensorCount?: number | bigint;
  metadataCount?: number | bigint;
  metadata: Buffer[];
  tensors: Buffer[];
  dataBytes: number;
}

/** A GGUF file; counts are the true ones unless given. */
export function ggufBytes(file: TestGguf): Buffer {
  const header = Buffer.concat([
    Buffer.from(file.magic ?? "GGUF"),
    u32(file.version ?? 3),
    u64(file.tensorCount ?? file.tensors.length),
    u64(file.metadataCount ?? file.metadata.length),
    ...file.metadata,
    ...file.tensors,
  ]);
  const padding = Buffer.alloc((32 - (header.length % 32)) % 32);
  return Buffer.concat([header, padding, Buffer.alloc(file.dataBytes, 1)]);
}

const WEIGHTS: readonly [name: string, rows: number, columns: number][] = [
  ["token_embd.weight", 4, 32],
  ["blk.0.attn_norm.weight", 1, 32],
  ["blk.0.attn_q.weight", 32, 32],
  ["blk.0.attn_k.weight", 16, 32],
  ["output_norm.weight", 1, 32],
];

export interface TinyLlama {
  metadata: Record<string, Buffer>;
  tensors: TestTensor[];
  dataBytes: number;
}

/** Metadata and tensors of a one-layer Llama with four tokens, Q8_0 and F32. */
export function tinyLlama(): TinyLlama {
  const values: Record<string, Piece | boolean | string[]> = {
    "general.architecture": "llama",
    "llama.context_length": 64,
    "llama.block_count": 1,
    "llama.embedding_length": 32,
    "llama.feed_forward_length": 48,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "llama.attention.layer_norm_rms_epsilon": 1.5e-5,
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": ["a", "b", "</s>", "<0x0A>"],
    "tokenizer.ggml.scores": Buffer.concat([u32(9), u32(6), u64(4), ...[0, -1, 0, 0].map(f32)]),
    "tokenizer.ggml.token_type": Buffer.concat([u32(9), u32(5), u64(4), ...[1, 1, 3, 6].map(u32)]),
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.add_bos_token": false,
  };
  let offset = 0;
  const tensors = WEIGHTS.map(([name, rows, columns]) => {
    const one = { name, dims: rows === 1 ? [columns] : [columns, rows], type: rows === 1 ? 0 : 8 };
    const at = offset;
    offset += Math.ceil((rows === 1 ? columns * 4 : rows * (columns / 32) * 34) / 32) * 32;
    return { ...one, offset: at };
  });
  const metadata = Object.entries(values).map(([key, value]) => [key, entry(key, value)]);
  return { metadata: Object.fromEntries(metadata), tensors, dataBytes: offset };
}
