/** Finds the elements of a file that is one JSON array, without parsing them. */
import { DataError } from "../../util/errors.js";
import { isSpace, type RowScanner, type RowSink } from "./rowScanner.js";

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const open = new Set([0x5b, 0x7b]);
const close = new Set([0x5d, 0x7d]);

/** @param start offset of the first byte that it will be given */
export function createArrayScanner(sink: RowSink, start: number, file: string): RowScanner {
  let offset = start;
  let line = 1;
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** At the array's own level, between elements. */
  let between = true;
  let ended = false;

  /** Goes to the end of a string, or of the bytes; gives the index behind it. */
  const skipString = (bytes: Buffer, from: number): number => {
    let at = from;
    if (escaped) {
      escaped = false;
      at++;
    }
    for (;;) {
      const found = bytes.indexOf(quote, at);
      const end = found === -1 ? bytes.length : found;
      let backslashes = 0;
      while (end - backslashes > at && bytes[end - backslashes - 1] === backslash) backslashes++;
      escaped = backslashes % 2 === 1;
      if (found === -1) return end;
      at = end + 1;
      if (!escaped) {
        inString = false;
        return at;
      }
      escaped = false;
    }
  };

  return {
    scan(bytes) {
      let nextBreak = bytes.indexOf(newline);
      let at = 0;
      while (at < bytes.length) {
        if (inString) at = skipString(bytes, at);
        while (nextBreak !== -1 && nextBreak < at) {
          line++;
          nextBreak = bytes.indexOf(newline, nextBreak + 1);
        }
        if (at >= bytes.length) break;
        const byte = bytes[at]!;
        at++;
        if (isSpace(byte)) continue;
        if (ended) throw broken("there is text after the end of the array");
        if (depth === 1) {
          if (byte === comma) {
            between = true;
            continue;
          }
          if (between && !close.has(byte)) {
            sink.add(offset + at - 1, line);
            between = false;
          }
        }
        if (byte === quote) inString = true;
        else if (open.has(byte)) depth++;
        else if (close.has(byte)) {
          depth--;
          ended = depth === 0;
        }
      }
      while (nextBreak !== -1) {
        line++;
        nextBreak = bytes.indexOf(newline, nextBreak + 1);
      }
      offset += bytes.length;
    },
    finish() {
      if (!ended) throw broken("the file ends inside the array");
    },
  };

  function broken(why: string): DataError {
    return new DataError(`${file}:${line}: not a valid JSON array`, {
      why,
      todo: "correct the file, or write one JSON object per line (JSONL)",
    });
  }
}
