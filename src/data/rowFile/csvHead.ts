/** The first record of a CSV file, which names its columns. */
import { closeSync, openSync, readSync } from "node:fs";
import { DataError } from "../../util/errors.js";

const headBytes = 1 << 20;

/** A name that is longer is a value: the file has no header. */
const maxNameLength = 200;

/**
 * The first record, which names the columns.
 * @throws DataError when it does not
 */
export function readCsvHead(path: string, file: string): { delimiter: string; columns: string[] } {
  const text = readStart(path);
  const records = [",", "\t", ";", "|"].map((delimiter) => ({
    delimiter,
    columns: firstRecord(text, delimiter),
  }));
  const { delimiter, columns } = records.reduce((best, other) =>
    other.columns.length > best.columns.length ? other : best,
  );
  const wrong = headProblem(columns);
  if (wrong === undefined) return { delimiter, columns };
  throw new DataError(`${file}:1: the first line does not name the columns`, {
    why: wrong,
    todo: "write a header, e.g. instruction,input,output",
  });
}

function headProblem(columns: readonly string[]): string | undefined {
  for (const [index, name] of columns.entries()) {
    if (name.trim() === "") return `column ${index + 1} has no name`;
    if (name.length > maxNameLength || /[\r\n]/.test(name)) {
      return `the name of column ${index + 1} is a text of ${name.length} characters`;
    }
    const same = (other: string) => other.toLowerCase() === name.toLowerCase();
    if (columns.findIndex(same) !== index) return `two columns are named ${JSON.stringify(name)}`;
  }
  return undefined;
}

function readStart(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(headBytes);
    const length = readSync(descriptor, buffer, 0, headBytes, 0);
    return new TextDecoder().decode(buffer.subarray(0, length));
  } finally {
    closeSync(descriptor);
  }
}

function firstRecord(text: string, delimiter: string): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let cell: string;
    if (text[at] === '"') {
      const rest = /^"((?:[^"]|"")*)"?/.exec(text.slice(at, at + 4 * maxNameLength))!;
      cell = rest[1]!.replaceAll('""', '"');
      at += rest[0].length;
    } else {
      const end = text
        .slice(at)
        .search(delimiter === "|" ? /[|\r\n]/ : new RegExp(`[${delimiter}\r\n]`));
      cell = text.slice(at, end === -1 ? text.length : at + end);
      at += cell.length;
    }
    cells.push(cell);
    if (text[at] !== delimiter) return cells;
    at++;
  }
}
