/**
 * The header of a safetensors file: eight bytes of length, then JSON. Everything is checked before
 * anything is allocated for a tensor; the rules are those of Hugging Face's Rust reader (tensors
 * cover the data exactly, in order, without gap), plus refusal of repeated names.
 * https://github.com/huggingface/safetensors#format
 */
import { FormatError } from "../util/errors.js";
import { excerpt } from "../util/excerpt.js";
import type { FileReader } from "../util/fileReader.js";
import { parseStrictJson, type StrictJson } from "./strictJson.js";
import { WEIGHT_DTYPE_BYTES, type WeightDType } from "./weights.js";

/** Longest header that is read; the same limit as in the Rust reader. */
export const MAX_HEADER_BYTES = 100_000_000;

export interface SafetensorsEntry {
  name: string;
  dtype: WeightDType;
  shape: number[];
  /** First byte in the file. */
  position: number;
  bytes: number;
}

export interface SafetensorsHeader {
  metadata: Map<string, string>;
  /** In the order of their data. */
  entries: Map<string, SafetensorsEntry>;
}

/** @throws FormatError when the header is not valid for a file of this size */
export function readSafetensorsHeader(file: FileReader): SafetensorsHeader {
  const fail = (what: string): never => {
    throw new FormatError(`${file.path}: ${what}`, {
      why: "not a valid safetensors file",
      todo: "the file is damaged, cut short or of another format; download it again",
    });
  };
  if (file.size < 8) fail(`${file.size} bytes are too few for a header`);
  const prefix = new Uint8Array(8);
  file.readInto(prefix, 0);
  const declared = new DataView(prefix.buffer).getBigUint64(0, true);
  if (declared > BigInt(MAX_HEADER_BYTES)) {
    fail(`header length ${declared} is above the limit of ${MAX_HEADER_BYTES} bytes`);
  }
  const length = Number(declared);
  if (length < 2) fail(`header length ${length} is too small`);
  if (8 + length > file.size) fail(`header length ${length} reaches past the end of the file`);
  const text = readHeaderText(file, length, fail);
  const json = parseStrictJson(text, `${file.path}: header`, { maxDepth: 3 });
  return layout(json as Map<string, StrictJson>, 8 + length, file.size, fail);
}

/** Reads piece by piece, so that a false length is noticed before much is allocated for it. */
function readHeaderText(file: FileReader, length: number, fail: (what: string) => never): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const buffer = new Uint8Array(Math.min(length, 1 << 20));
  let text = "";
  for (let read = 0; read < length; read += buffer.length) {
    const piece = buffer.subarray(0, Math.min(buffer.length, length - read));
    file.readInto(piece, 8 + read);
    if (read === 0 && piece[0] !== 0x7b) fail("header does not start with `{`");
    if (piece.includes(0)) fail("header contains a zero byte");
    try {
      text += decoder.decode(piece, { stream: read + piece.length < length });
    } catch {
      fail("header is not UTF-8");
    }
  }
  return text;
}

function layout(
  json: Map<string, StrictJson>,
  dataStart: number,
  fileSize: number,
  fail: (what: string) => never,
): SafetensorsHeader {
  const metadata = new Map<string, string>();
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of json) {
    // The Rust reader takes null for metadata that is not there.
    if (name === "__metadata__" && value === null) continue;
    if (!(value instanceof Map)) return fail(`\`${shown(name)}\` is not an object`);
    if (name === "__metadata__") {
      for (const [key, text] of value) {
        if (typeof text !== "string") fail(`metadata \`${shown(key)}\` is not a string`);
        metadata.set(key, text as string);
      }
      continue;
    }
    entries.push(entry(name, value, dataStart, fail));
  }
  entries.sort((a, b) => a.position - b.position || a.bytes - b.bytes);
  let end = dataStart;
  for (const { name, position, bytes } of entries) {
    if (position < end) fail(`\`${shown(name)}\` overlaps the tensor before it`);
    if (position > end)
      fail(`${position - end} bytes before \`${shown(name)}\` belong to no tensor`);
    end = position + bytes;
    if (end > fileSize) fail(`\`${shown(name)}\` reaches past the end of the file`);
  }
  if (end !== fileSize) fail(`${fileSize - end} bytes at the end belong to no tensor`);
  return { metadata, entries: new Map(entries.map((one) => [one.name, one])) };
}

function entry(
  name: string,
  value: Map<string, StrictJson>,
  dataStart: number,
  fail: (what: string) => never,
): SafetensorsEntry {
  const label = `\`${shown(name)}\``;
  const dtype = value.get("dtype");
  if (typeof dtype !== "string") return fail(`${label} has no dtype`);
  if (!isWeightDType(dtype)) return fail(`${label} has the unknown dtype \`${shown(dtype)}\``);
  const shape = sizes(value.get("shape"));
  if (!shape) return fail(`${label} has an invalid shape`);
  const offsets = sizes(value.get("data_offsets"));
  if (offsets?.length !== 2) return fail(`${label} needs two data_offsets`);
  const [begin, end] = offsets as [number, number];
  if (end < begin) fail(`${label} has reversed data_offsets`);
  let bytes = WEIGHT_DTYPE_BYTES[dtype];
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) fail(`${label} has a shape whose size overflows`);
  }
  if (bytes !== end - begin) {
    fail(`${label} is ${bytes} bytes by its shape and ${end - begin} by its data_offsets`);
  }
  return { name, dtype, shape, position: dataStart + begin, bytes };
}

/** A list of whole numbers from 0 up, or undefined. */
function sizes(value: StrictJson | undefined): number[] | undefined {
  if (!Array.isArray(value) || value.length > 64) return undefined;
  const whole = value.every((n) => typeof n === "number" && Number.isSafeInteger(n) && n >= 0);
  return whole ? (value as number[]) : undefined;
}

export function isWeightDType(name: string): name is WeightDType {
  return Object.hasOwn(WEIGHT_DTYPE_BYTES, name);
}

function shown(name: string): string {
  return excerpt(name, 0, 100);
}
