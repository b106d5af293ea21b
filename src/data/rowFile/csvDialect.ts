/** How CSV files are read. */
import type { Options } from "csv-parse";

/** A quote inside a cell that does not begin with one is a part of its text. */
export const csvDialect = {
  bom: true,
  record_delimiter: ["\r\n", "\n"],
  relax_quotes: true,
  relax_column_count: true,
} satisfies Options;
