/** The first record of a CSV file, which names its columns. */
import { closeSync, openSync, readSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { DataError } from "../../util/errors.js";
import { csvDialect } from "./csvDialect.js";

const headBytes = 1 << 20;

/** A name that is longer is a value: the file has no header. */
const maxNameLength = 200;

/** What pandas, which writes its index without a name, reads it as. */
const indexName = "Unnamed: 0";

/**
 * The first record, which names the columns.
 * @throws DataError when it does not
 */
export function readCsvHead(path: string, file: string): { delimiter: string; columns: string[] } {
  const start = readStart(path);
  const records = [",", "\t", ";", "|"].map((delimiter) => ({
    delimiter,
    columns: firstRecord(start, delimiter),
  }));
  const { delimiter, columns: names } = records.reduce((best, other) =>
    other.columns.length > best.columns.length ? other : best,
  );
  const columns = names.length > 1 && names[0] === "" ? [indexName, ...names.slice(1)] : names;
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

function readStart(path: string): Buffer {
  const descriptor = openSync(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(headBytes);
    const length = readSync(descriptor, buffer, 0, headBytes, 0);
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** Cells of the first record, as far as it lies in `start`. */
function firstRecord(start: Buffer, delimiter: string): string[] {
  try {
    return parse(start, { ...csvDialect, delimiter, to: 1 })[0] ?? [];
  } catch {
    // A quote that is opened and not closed: no name is that long.
    return [start.toString()];
  }
}
