/** Finds the lines of a JSONL file. */
import { isSpace, type RowScanner, type RowSink } from "./rowScanner.js";

const newline = 0x0a;

/** @param start offset of the first byte that it will be given */
export function createLineScanner(sink: RowSink, start: number): RowScanner {
  let offset = start;
  let line = 1;
  let lineStart = start;
  let blank = true;
  return {
    scan(bytes) {
      let at = 0;
      while (at < bytes.length) {
        if (blank) {
          while (at < bytes.length && isSpace(bytes[at]!)) {
            if (bytes[at] === newline) {
              line++;
              lineStart = offset + at + 1;
            }
            at++;
          }
          if (at === bytes.length) break;
          blank = false;
          sink.add(lineStart, line);
        }
        const end = bytes.indexOf(newline, at);
        if (end === -1) break;
        line++;
        blank = true;
        at = end + 1;
        lineStart = offset + at;
      }
      offset += bytes.length;
    },
    finish: () => offset,
  };
}
