/** CSV files whose first row names the columns. */
import { DataError } from "../../util/errors.js";
import type { BenchmarkFiles } from "../types.js";

/** A row by the names of its columns, and where it stands. */
export interface Row {
  cells: Readonly<Record<string, string>>;
  /** For messages. */
  where: string;
}

/**
 * @param columns those that must be there
 * @throws DataError where one is missing, or a row has not as many cells as there are columns
 */
export async function readTable(
  files: BenchmarkFiles,
  path: string,
  columns: readonly string[],
): Promise<Row[]> {
  const [header = [], ...rows] = await files.csv(path);
  const lacking = columns.filter((column) => !header.includes(column));
  if (lacking.length > 0) {
    throw new DataError(`${path} has no column ${lacking.join(", ")}`, {
      why: header.length === 0 ? "it is empty" : `its columns are ${header.join(", ")}`,
      todo: "get the file anew",
    });
  }
  return rows.map((row, i) => {
    const where = `row ${i + 1} of ${path}`;
    if (row.length !== header.length) {
      throw new DataError(`${where} has ${row.length} cells, not ${header.length}`, {
        why: "a comma in a text may lack its quotation marks",
        todo: "get the file anew",
      });
    }
    return { cells: Object.fromEntries(header.map((name, column) => [name, row[column]!])), where };
  });
}
