/** A file as it is at one moment, to tell later whether its content has changed since. */
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { fingerprint } from "./fingerprint.js";

export interface FileState {
  bytes: number;
  /** Time of the last change, nanoseconds, as a decimal number. */
  modified: string;
  /** SHA-256 of the whole file, or of parts spread evenly where it is large. */
  content: string;
  checked: "whole" | "parts";
}

/** Files up to this size are read whole: some tenths of a second. */
const wholeBytes = 64 << 20;

const chunkBytes = 4 << 20;

/** @param bytes how much of its beginning; all of it by default */
export async function fileState(handle: FileHandle, bytes?: number): Promise<FileState> {
  const { size, mtimeNs } = await handle.stat({ bigint: true });
  const length = Math.min(bytes ?? Number(size), Number(size));
  const isWhole = length <= wholeBytes;
  return {
    bytes: length,
    modified: String(mtimeNs),
    content: isWhole
      ? await hashWhole(handle, length)
      : (await fingerprint(handle, length)).content,
    checked: isWhole ? "whole" : "parts",
  };
}

/** The same for a path. @throws Error of the system where it cannot be read */
export async function fileStateOf(path: string, bytes?: number): Promise<FileState> {
  const handle = await open(path, "r");
  try {
    return await fileState(handle, bytes);
  } finally {
    await handle.close();
  }
}

/** `appended`: it begins with all that it was. `size`: it has another one. `bytes`: others, of the same size. */
export type FileChange = "appended" | "size" | "bytes";

/**
 * Compares the content of a file with what it was.
 *
 * @returns nothing where all that is looked at is the same, whatever the file's time
 */
export async function changeOf(
  before: FileState,
  handle: FileHandle,
): Promise<{ change: FileChange; bytes: number } | undefined> {
  const bytes = Number((await handle.stat({ bigint: true })).size);
  if (bytes < before.bytes) return { change: "size", bytes };
  const begins = (await fileState(handle, before.bytes)).content === before.content;
  if (bytes > before.bytes) return { change: begins ? "appended" : "size", bytes };
  return begins ? undefined : { change: "bytes", bytes };
}

async function hashWhole(handle: FileHandle, length: number): Promise<string> {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(chunkBytes, length)));
  for (let at = 0; at < length; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, length - at), at);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest("hex");
}
