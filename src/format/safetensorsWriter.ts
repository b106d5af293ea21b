/**
 * Writes safetensors files, streamed: the header comes first, from the declared shapes, then each
 * tensor's bytes as they are made. The bytes equal those of Hugging Face's own writer.
 */
import { writeAtomic } from "../util/atomicFile.js";
import { FormatError } from "../util/errors.js";
import { writeEntryData } from "./entryData.js";
import { elementCount, WEIGHT_DTYPE_BYTES, type WeightDType } from "./weights.js";

/** A tensor to write. */
export interface WeightEntry {
  name: string;
  dtype: WeightDType;
  shape: readonly number[];
  /**
   * Called once, when the tensor's turn comes: its little-endian values, whole or in pieces. What a
   * tensor's `bytes()` gave is released once it is written.
   */
  data: () => Iterable<Uint8Array> | Uint8Array;
}

/** What transformers and PEFT expect to find before they read a file. */
export const PYTORCH_METADATA: Readonly<Record<string, string>> = { format: "pt" };

// The reference writer sorts by dtype, widest first, so that every tensor is aligned.
const ORDER: readonly WeightDType[] = [
  "I64",
  "F64",
  "F32",
  "I32",
  "BF16",
  "F16",
  "I16",
  "I8",
  "U8",
  "BOOL",
];

/** Bytes of a tensor by its declared type and shape. */
export function entryBytes({ dtype, shape }: Pick<WeightEntry, "dtype" | "shape">): number {
  return elementCount(shape) * WEIGHT_DTYPE_BYTES[dtype];
}

/**
 * Writes one file, under a temporary name first; `path` is replaced only when all is on disk.
 * @throws FormatError when a name is repeated, a shape is not whole numbers, or a tensor's data is
 * not as long as its shape says
 */
export function writeSafetensors(
  path: string,
  entries: Iterable<WeightEntry>,
  metadata: Readonly<Record<string, string>> = PYTORCH_METADATA,
): void {
  const sorted = [...entries].sort(
    (a, b) => ORDER.indexOf(a.dtype) - ORDER.indexOf(b.dtype) || (a.name < b.name ? -1 : 1),
  );
  const header = encodeHeader(path, sorted, metadata);
  writeAtomic(path, (write) => {
    write(header);
    for (const entry of sorted) {
      writeEntryData(path, entry, entryBytes(entry), entry.dtype, write);
    }
  });
}

function encodeHeader(
  path: string,
  entries: readonly WeightEntry[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const parts: string[] = [];
  if (Object.keys(metadata).length > 0) parts.push(`"__metadata__":${JSON.stringify(metadata)}`);
  const seen = new Set(["__metadata__", "__proto__"]);
  let end = 0;
  for (const entry of entries) {
    const { name, dtype, shape } = entry;
    if (seen.has(name)) throw new FormatError(`${path}: the name \`${name}\` cannot be used twice`);
    seen.add(name);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new FormatError(`${path}: \`${name}\` has the shape [${shape}], not whole numbers`);
    }
    const begin = end;
    end += entryBytes(entry);
    const info = { dtype, shape, data_offsets: [begin, end] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
  }
  const json = Buffer.from(`{${parts.join(",")}}`, "utf8");
  const padded = Math.ceil(json.length / 8) * 8;
  const header = Buffer.alloc(8 + padded, " ");
  header.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(header, 8);
  return header;
}
