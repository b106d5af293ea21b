/**
 * The files that signatures are kept in, one a shard. A file is a header and a record of fixed size
 * for each row, little-endian:
 *
 *   header  8 bytes "TWDEDUP2", uint32 length of the JSON text, the JSON text ({@link ShardHeader}),
 *           zeros up to a multiple of 64
 *   record  16 bytes digest, uint32 characters, uint32 messages, uint32 line,
 *           uint32 state (0 compared, 1 refused), then the signature's uint32 numbers
 *
 * A file appears under its name when it is complete.
 */
import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { DataError } from "../../util/errors.js";
import { digestBytes } from "./comparedText.js";
import { type SignatureParameters, signatureWords } from "./parameters.js";

const magic = "TWDEDUP2";
const alignment = 64;

/** Bytes of a record before its signature. */
export const recordHead = digestBytes + 16;

/** Offsets in a record. */
export const recordFields = {
  length: digestBytes,
  turns: digestBytes + 4,
  line: digestBytes + 8,
  state: digestBytes + 12,
} as const;

/** What a file of rows was when its signatures were made. */
export interface SourceFile {
  file: string;
  rows: number;
  bytes: number;
  /** SHA-256 of blocks spread over the file. */
  content: string;
}

export interface ShardHeader {
  parameters: SignatureParameters;
  files: SourceFile[];
  /** 0-based. */
  shard: number;
  shards: number;
  /** Hashes of shingles without weight, sorted: base64 of their bytes. */
  common: string;
  /** Rows of the shard, counted through all files. */
  firstRow: number;
  rows: number;
}

/** Bytes of one record. */
export function recordBytes(parameters: SignatureParameters): number {
  return recordHead + 4 * signatureWords(parameters);
}

export function encodeHeader(header: ShardHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = Buffer.alloc(Math.ceil((12 + json.length) / alignment) * alignment);
  bytes.write(magic, "latin1");
  bytes.writeUInt32LE(json.length, 8);
  json.copy(bytes, 12);
  return bytes;
}

/** The hashes of {@link ShardHeader.common}. */
export function decodeHashes(base64: string): BigUint64Array {
  const bytes = Buffer.from(base64, "base64");
  return BigUint64Array.from({ length: bytes.length / 8 }, (_, index) =>
    bytes.readBigUInt64LE(8 * index),
  );
}

export function encodeHashes(hashes: BigUint64Array): string {
  const bytes = Buffer.alloc(8 * hashes.length);
  for (const [index, hash] of hashes.entries()) bytes.writeBigUInt64LE(hash, 8 * index);
  return bytes.toString("base64");
}

export interface SignatureFile {
  readonly path: string;
  readonly header: ShardHeader;
  /** Records of some rows, whose numbers count from the shard's first row. */
  read(from: number, count: number): Buffer;
  close(): Promise<void>;
}

/** @throws DataError when it is missing, incomplete or no file of signatures */
export async function openSignatureFile(path: string): Promise<SignatureFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (cause) {
    throw new DataError(`${path}: cannot be read`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "compute the signatures of this shard with --shard",
      cause,
    });
  }
  try {
    const { header, start } = await readHeader(handle, path);
    const size = recordBytes(header.parameters);
    const { size: bytes } = await handle.stat();
    if (bytes !== start + header.rows * size) throw damaged(path, `it has ${bytes} bytes`);
    return {
      path,
      header,
      read(from, count) {
        const buffer = Buffer.allocUnsafeSlow(count * size);
        // Single records are read by the million: a call that waits costs a tenth of a promise.
        const bytesRead = readSync(handle.fd, buffer, 0, buffer.length, start + from * size);
        if (bytesRead < buffer.length) throw damaged(path, "the file became shorter");
        return buffer;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

const mostHeaderBytes = 64 << 20;

async function readHeader(handle: FileHandle, path: string) {
  const head = Buffer.alloc(12);
  await handle.read(head, 0, 12, 0);
  const length = head.readUInt32LE(8);
  if (head.toString("latin1", 0, 8) !== magic || length > mostHeaderBytes) {
    throw damaged(path, "the file does not start with the expected header");
  }
  const json = Buffer.alloc(length);
  const { bytesRead } = await handle.read(json, 0, length, 12);
  try {
    if (bytesRead < length) throw new Error("the file ends inside its header");
    const header = JSON.parse(json.toString()) as ShardHeader;
    return { header, start: Math.ceil((12 + length) / alignment) * alignment };
  } catch (cause) {
    throw damaged(path, cause instanceof Error ? cause.message : String(cause));
  }
}

function damaged(path: string, why: string): DataError {
  return new DataError(`${path}: not a complete file of signatures`, {
    why,
    todo: "delete it and compute this shard again with --shard",
  });
}
