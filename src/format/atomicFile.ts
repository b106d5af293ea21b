/**
 * Files that are either whole or absent: written under a temporary name, synced, then renamed, so
 * that a crash or a full disk never leaves half a file under the real name.
 */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes all of `bytes` at the current position. */
export type WriteBytes = (bytes: Uint8Array) => void;

/**
 * Calls `fill` with a writer for a temporary file beside `path`, then puts it in place. When `fill`
 * throws, the temporary file is removed and an existing `path` stays as it was.
 */
export function writeAtomic(path: string, fill: (write: WriteBytes) => void): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const descriptor = openSync(temporary, "w");
  try {
    try {
      fill((bytes) => {
        let written = 0;
        while (written < bytes.length) {
          written += writeSync(descriptor, bytes, written, bytes.length - written);
        }
      });
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** {@link writeAtomic} for a text. */
export function writeFileAtomic(path: string, text: string): void {
  writeAtomic(path, (write) => write(Buffer.from(text, "utf8")));
}

/** Makes renames in a directory durable. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
