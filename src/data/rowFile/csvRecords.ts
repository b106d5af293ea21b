/**
 * The records of a CSV file: where each begins and how long it is. DuckDB tells neither, and leaves
 * out in silence what does not fit its buffer.
 */
import { closeSync, openSync, readSync } from "node:fs";

export interface CsvRecord {
  /** 1-based line that it begins on. */
  line: number;
  bytes: number;
  isBlank: boolean;
}

const chunkBytes = 1 << 20;

const newline = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** All records in turn, the header and blank lines among them. */
export function* csvRecords(path: string, delimiter: string): Generator<CsvRecord, undefined> {
  const separator = delimiter.charCodeAt(0);
  let offset = 0;
  let line = 1;
  let record = { line, offset };
  let inQuotes = false;
  /** The byte before, or 0 for a quote that is a part of a text. */
  let before = newline;
  let justClosed = false;
  let last = 0;
  for (const bytes of chunks(path)) {
    let nextBreak = bytes.indexOf(newline);
    let nextQuote = bytes.indexOf(quote);
    let at = 0;
    if (offset === 0 && bytes.indexOf(byteOrderMark) === 0) at = byteOrderMark.length;
    while (at < bytes.length) {
      if (nextQuote !== -1 && nextQuote < at) nextQuote = bytes.indexOf(quote, at);
      if (inQuotes) {
        const end = nextQuote === -1 ? bytes.length : nextQuote;
        while (nextBreak !== -1 && nextBreak < end) {
          line++;
          nextBreak = bytes.indexOf(newline, nextBreak + 1);
        }
        at = end + 1;
        inQuotes = nextQuote === -1;
        justClosed = !inQuotes;
        continue;
      }
      const end = nextBreak === -1 ? bytes.length : nextBreak;
      if (nextQuote !== -1 && nextQuote < end) {
        const isFirst = nextQuote === at;
        const byte = isFirst ? before : bytes[nextQuote - 1]!;
        inQuotes = isFirst && justClosed ? true : byte === separator || byte === newline;
        before = 0;
        justClosed = false;
        at = nextQuote + 1;
        continue;
      }
      justClosed = false;
      if (nextBreak === -1) {
        before = bytes[bytes.length - 1]!;
        break;
      }
      const length = offset + nextBreak - record.offset;
      const byte = nextBreak > 0 ? bytes[nextBreak - 1] : last;
      const isBlank = length === 0 || (length === 1 && byte === carriageReturn);
      yield { line: record.line, bytes: length, isBlank };
      line++;
      record = { line, offset: offset + nextBreak + 1 };
      before = newline;
      at = nextBreak + 1;
      nextBreak = bytes.indexOf(newline, at);
    }
    last = bytes[bytes.length - 1]!;
    offset += bytes.length;
  }
  const length = offset - record.offset;
  if (length > 0) {
    const isBlank = length === 1 && last === carriageReturn;
    yield { line: record.line, bytes: length, isBlank };
  }
}

/** Pieces of a file; the next one overwrites it. */
function* chunks(path: string): Generator<Buffer, undefined> {
  const descriptor = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      const length = readSync(descriptor, buffer, 0, chunkBytes, null);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}
