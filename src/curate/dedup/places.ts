/** Where rows lie: which file, which line. */
import type { Source } from "../../text/index.js";
import { lastAtMost, runningSum } from "../../util/runningSum.js";
import type { Records } from "./records.js";
import type { SourceFile } from "./signatureFile.js";

/** The file of a row, and its number in it. */
export type Locate = (row: number) => { file: string; row: number };

export function locator(files: readonly Pick<SourceFile, "file" | "rows">[]): Locate {
  const firsts = runningSum(files.map(({ rows }) => rows));
  return (row) => {
    const index = lastAtMost(firsts, row);
    return { file: files[index]!.file, row: row - firsts[index]! };
  };
}

/** File and line of a row, by its record. */
export type PlaceOf = (row: number) => Source;

export function placesOf(files: readonly SourceFile[], records: Records): PlaceOf {
  const locate = locator(files);
  return (row) => ({ file: locate(row).file, line: records.at(row).line });
}
