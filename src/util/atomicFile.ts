/**
 * Files that are either whole or absent: written under a temporary name, synced, then renamed, so
 * that a crash or a full disk never leaves half a file under the real name.
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Writes all of `bytes` at the current position. */
export type WriteBytes = (bytes: Uint8Array) => void;

export interface AtomicOptions {
  /**
   * Whether the file survives a power cut. Default true; false where it can be made again, and
   * readers only must not see a part of it.
   */
  durable?: boolean;
}

/**
 * Calls `fill` with a writer for a temporary file beside `path`, then puts it in place. When `fill`
 * throws, the temporary file is removed and an existing `path` stays as it was.
 */
export function writeAtomic(
  path: string,
  fill: (write: WriteBytes) => void,
  { durable = true }: AtomicOptions = {},
): void {
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  const descriptor = openSync(temporary, "wx");
  try {
    try {
      fill((bytes) => writeAll(descriptor, bytes));
      if (durable) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (durable) syncPath(dirname(path));
}

/** Temporary files of {@link writeAtomic} in a directory, left there by processes that were killed. */
export function abandonedTemporaries(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => /\.[0-9a-f]{8}\.tmp$/.test(name))
    .map((name) => join(directory, name));
}

/** {@link writeAtomic} for a text. */
export function writeFileAtomic(path: string, text: string, options?: AtomicOptions): void {
  writeAtomic(path, (write) => write(Buffer.from(text, "utf8")), options);
}

/** Writes all of `bytes` at the file's current position. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}

/** Writes all of `bytes` at `position`. */
export function writeAllTo(descriptor: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.length) {
    const left = bytes.length - written;
    written += writeSync(descriptor, bytes, written, left, position + written);
  }
}

/** Writes all of `bytes` at `position`, without blocking the thread. */
export async function writeAllAt(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const left = bytes.length - written;
    written += (await handle.write(bytes, written, left, position + written)).bytesWritten;
  }
}

/** Makes a file's bytes, or the names in a directory, survive a power cut. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
