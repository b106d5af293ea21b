/**
 * A log of lines that a run appends to. A log is not worth a run: where it cannot be written (a full
 * disk, a quota), this is told once, the lines are kept, and they are written as soon as it can be.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync } from "node:fs";
import { writeAll } from "../../util/atomicFile.js";

export interface AppendLog {
  /** Appends whole lines. */
  append(text: string): void;
  /** Makes what was written survive a power cut. */
  sync(): void;
  close(): void;
}

const NEWLINE = 10;

/** @param onError told of the first error of a row of them */
export function openAppendLog(file: string, onError: (error: unknown) => void): AppendLog {
  const descriptor = openSync(file, "a");
  let length = fstatSync(descriptor).size;
  let kept: Buffer[] = [];
  let isTold = false;
  const attempt = (action: () => void) => {
    try {
      action();
      isTold = false;
    } catch (error) {
      if (!isTold) onError(error);
      isTold = true;
    }
  };
  /** Half a line would hide the next one. */
  const takeBack = () => {
    try {
      ftruncateSync(descriptor, length);
    } catch {
      if (kept[0]?.[0] !== NEWLINE) kept.unshift(Buffer.of(NEWLINE));
    }
  };
  const flush = () => {
    const bytes = Buffer.concat(kept);
    if (bytes.length === 0) return;
    try {
      writeAll(descriptor, bytes);
    } catch (error) {
      takeBack();
      throw error;
    }
    length += bytes.length;
    kept = [];
  };
  return {
    append(text) {
      kept.push(Buffer.from(text));
      attempt(flush);
    },
    sync() {
      attempt(() => {
        flush();
        fsyncSync(descriptor);
      });
    },
    close() {
      attempt(flush);
      closeSync(descriptor);
    },
  };
}
