/** Replaces a text file so that after a crash either the old or the new content is there, whole. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes all of `text` at the current position. */
export function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, "utf8");
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}

/** Writes under a temporary name, syncs, renames, and syncs the directory. */
export function replaceFile(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  withDescriptor(temporary, "w", (descriptor) => {
    writeAll(descriptor, text);
    fsyncSync(descriptor);
  });
  renameSync(temporary, file);
  withDescriptor(dirname(file), "r", fsyncSync);
}

function withDescriptor(path: string, flags: string, use: (descriptor: number) => void): void {
  const descriptor = openSync(path, flags);
  try {
    use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
