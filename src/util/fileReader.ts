/**
 * Positioned reads from one file into memory that the caller owns. Nothing is mapped or buffered:
 * a weight file is larger than memory more often than not.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { FormatError } from "./errors.js";

export interface FileReader {
  readonly path: string;
  readonly size: number;
  /**
   * Fills the whole of `into` from byte `position`.
   * @throws FormatError when the file ends before
   */
  readInto(into: Uint8Array, position: number): void;
  close(): void;
}

/** @throws FormatError when the file cannot be opened */
export function openFile(path: string): FileReader {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (cause) {
    throw new FormatError(`${path}: cannot be opened`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "check the path and its permissions",
      cause,
    });
  }
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) {
    closeSync(descriptor);
    throw new FormatError(`${path}: not a regular file`);
  }
  let open = true;
  return {
    path,
    size: stats.size,
    readInto(into, position) {
      if (!open) throw new FormatError(`${path}: read after close()`);
      let filled = 0;
      while (filled < into.length) {
        const got = readSync(descriptor, into, filled, into.length - filled, position + filled);
        if (got === 0) {
          throw new FormatError(`${path}: file ends at byte ${position + filled}`, {
            why: `${into.length} bytes were expected at byte ${position}`,
            todo: "the file is cut short; copy or download it again",
          });
        }
        filled += got;
      }
    },
    close() {
      if (!open) return;
      open = false;
      closeSync(descriptor);
    },
  };
}
