/** Finds rows that are values of JSON over any number of lines, without parsing them. */
import { DataError } from "../../util/errors.js";
import type { RowLayout } from "./layout.js";
import { isSpace, type RowScanner, type RowSink } from "./rowScanner.js";

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openList = 0x5b;
const open = new Set([openList, 0x7b]);
const close = new Set([0x5d, 0x7d]);

/** How many lists and objects a row is in. */
const rowDepth = { values: 0, array: 1, wrapped: 2 };

/**
 * @param layout `array`: the elements of one; `wrapped`: those of the only list of an object;
 *   `values`: one value after another
 * @param start offset of the first byte that it will be given
 */
export function createValueScanner(
  layout: Exclude<RowLayout, "lines">,
  sink: RowSink,
  start: number,
  file: string,
): RowScanner {
  let offset = start;
  let line = 1;
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Between two rows. */
  let between = true;
  /** Within what holds the rows. */
  let inRows = layout === "values";
  /** Where the rows end; undefined before. */
  let end: number | undefined;

  /** Goes to the end of a string, or of the bytes; gives the index behind it. */
  const skipString = (bytes: Buffer, from: number): number => {
    let at = from;
    if (escaped) {
      escaped = false;
      at++;
    }
    for (;;) {
      const found = bytes.indexOf(quote, at);
      const stop = found === -1 ? bytes.length : found;
      let backslashes = 0;
      while (stop - backslashes > at && bytes[stop - backslashes - 1] === backslash) backslashes++;
      escaped = backslashes % 2 === 1;
      if (found === -1) return stop;
      at = stop + 1;
      if (!escaped) {
        inString = false;
        return at;
      }
      escaped = false;
    }
  };

  /** @param at offset of the byte in the file */
  const take = (byte: number, at: number): void => {
    if (depth === 0 && layout !== "values" && end !== undefined) {
      throw broken("there is text after the end of it");
    }
    const atRows = inRows && depth === rowDepth[layout];
    if (atRows && byte === comma) {
      between = true;
      return;
    }
    if (atRows && between && !close.has(byte)) {
      sink.add(at, line);
      between = false;
    }
    if (byte === quote) inString = true;
    else if (open.has(byte)) {
      if (!inRows && depth === rowDepth[layout] - 1 && byte === openList) {
        if (end !== undefined) throw broken("the object has more than one list");
        inRows = true;
      }
      depth++;
    } else if (close.has(byte)) {
      depth--;
      if (layout === "values") between = depth === 0;
      else if (inRows && depth < rowDepth[layout]) {
        inRows = false;
        end = at;
      }
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
        if (!isSpace(byte)) take(byte, offset + at - 1);
        else if (layout === "values" && depth === 0) between = true;
      }
      while (nextBreak !== -1) {
        line++;
        nextBreak = bytes.indexOf(newline, nextBreak + 1);
      }
      offset += bytes.length;
    },
    finish() {
      if (depth !== 0 || inString) throw broken("the file ends inside of it");
      if (layout === "values") return offset;
      if (end === undefined) throw broken("the file ends inside of it");
      return end;
    },
  };

  function broken(why: string): DataError {
    const what = { array: "array", wrapped: "object with rows", values: "value" }[layout];
    return new DataError(`${file}:${line}: not a valid JSON ${what}`, {
      why,
      todo: "correct the file, or write one JSON object per line (JSONL)",
    });
  }
}
