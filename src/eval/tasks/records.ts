/** Rows of JSON whose fields are texts. */
import { DataError } from "../../util/errors.js";

/** A row with at least these fields. */
export type TextRecord<Field extends string> = Readonly<Record<Field, string>>;

/**
 * Checks that every row has these fields, as texts.
 *
 * @param where the file, for messages
 * @throws DataError naming the first row that lacks one
 */
export function textRecords<Field extends string>(
  rows: unknown,
  fields: readonly Field[],
  where: string,
): TextRecord<Field>[] {
  if (!Array.isArray(rows)) throw new DataError(`${where} is not a list of rows`);
  rows.forEach((row: unknown, index) => {
    const missing = fields.find(
      (field) => typeof (row as Record<string, unknown> | null)?.[field] !== "string",
    );
    if (missing === undefined) return;
    throw new DataError(`row ${index + 1} of ${where} has no text "${missing}"`, {
      why: `each row needs ${fields.join(", ")}`,
      todo: "get the file anew from its publisher",
    });
  });
  return rows as TextRecord<Field>[];
}
