/** Where rows lie: which file, which line. */
import type { Source } from "../../text/index.js";
import type { Records } from "./records.js";
import type { SourceFile } from "./signatureFile.js";

/** The file of a row, and its number in it. */
export type Locate = (row: number) => { file: string; row: number };

export function locator(files: readonly Pick<SourceFile, "file" | "rows">[]): Locate {
  let rows = 0;
  const starts = files.map((file) => {
    const start = rows;
    rows += file.rows;
    return start;
  });
  return (row) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return { file: files[low]!.file, row: row - starts[low]! };
  };
}

/** File and line of a row, by its record. */
export type PlaceOf = (row: number) => Source;

export function placesOf(files: readonly SourceFile[], records: Records): PlaceOf {
  const locate = locator(files);
  return (row) => ({ file: locate(row).file, line: records.at(row).line });
}
