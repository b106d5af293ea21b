/** Finds the elements of a file that is one JSON array, without parsing them. */
import { DataError } from "../../util/errors.js";
import { isSpace, type RowScanner, type RowSink } from "./rowScanner.js";

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

  return {
    scan(bytes) {
      for (let at = 0; at < bytes.length; at++) {
        const byte = bytes[at]!;
        if (byte === 0x0a) line++;
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quote) inString = false;
          continue;
        }
        if (isSpace(byte)) continue;
        if (ended) throw broken("text after the end of the array");
        if (depth === 1) {
          if (byte === comma) {
            between = true;
            continue;
          }
          if (between && !close.has(byte)) {
            sink.add(offset + at, line);
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
      offset += bytes.length;
    },
    finish() {
      if (!ended) throw broken("the file ends inside the array");
    },
  };

  function broken(why: string): DataError {
    return new DataError(`${file}:${line}: not a JSON array`, {
      why,
      todo: "correct the file, or write one JSON object a line (JSONL)",
    });
  }
}
