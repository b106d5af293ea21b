/** What DuckDB does not tell of a CSV file: the line that each row begins on. */
import { closeSync, openSync, readSync } from "node:fs";

const chunkBytes = 1 << 20;

const newline = 0x0a;
const quote = 0x22;

/** The 1-based lines that rows begin on, from the first row on. */
export interface RowLines {
  next(): number;
  close(): void;
}

/**
 * Follows the rows of a CSV file.
 * @param counts file with the number of line breaks inside each row's cells, one a line
 * @param skipsBlank whether blank lines between rows are no rows
 */
export function csvLines(path: string, counts: string, skipsBlank: boolean): RowLines {
  const breaks = textLines(counts);
  const blanks = blankLines(path);
  let blank = skipsBlank ? blanks.next() : blanks.return(undefined);
  let next = 1;
  const skip = () => {
    while (!blank.done && blank.value <= next) {
      if (blank.value === next) next++;
      blank = blanks.next();
    }
  };
  skip();
  next++;
  return {
    next() {
      skip();
      const line = next;
      const { value } = breaks.next();
      next += 1 + Number(value ?? 0);
      return line;
    },
    close() {
      blanks.return(undefined);
      breaks.return(undefined);
    },
  };
}

function* textLines(path: string): Generator<string, undefined> {
  let rest = "";
  for (const chunk of chunks(path)) {
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** Numbers of the lines with nothing in them. */
function* blankLines(path: string): Generator<number, undefined> {
  let line = 1;
  let length = 0;
  for (const chunk of chunks(path)) {
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(newline, at);
      if (end === -1) {
        length += chunk.length - at;
        break;
      }
      length += end - at;
      if (length === 0 || (length === 1 && chunk[end - 1] === 0x0d)) yield line;
      line++;
      length = 0;
      at = end + 1;
    }
  }
}

function* chunks(path: string): Generator<Buffer, undefined> {
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(chunkBytes);
      const length = readSync(descriptor, buffer, 0, chunkBytes, null);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(descriptor);
  }
}

/**
 * The 1-based line that a record begins on.
 * @param record 1-based, counting the header and blank lines; what is before it is regular
 */
export function lineOfRecord(path: string, delimiter: string, record: number): number {
  const separator = delimiter.charCodeAt(0);
  let line = 1;
  let records = 1;
  let quoted = false;
  let cellStart = true;
  for (const chunk of chunks(path)) {
    for (const byte of chunk) {
      if (records === record) return line;
      if (byte === newline) line++;
      if (byte === quote && (quoted || cellStart)) quoted = !quoted;
      // The second of two quotes inside a quoted cell opens it again.
      cellStart = !quoted && (byte === separator || byte === newline || byte === quote);
      if (byte === newline && !quoted) records++;
    }
  }
  return line;
}
