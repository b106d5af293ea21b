/** Cells as pandas reads them, where a benchmark's own code reads its files with it. */
import type { LetteredQuestion } from "./choices.js";

/** Texts that `pandas.read_csv` takes for missing (pandas 2 and 3). */
const missing = new Set([
  "",
  "#N/A",
  "#N/A N/A",
  "#NA",
  "-1.#IND",
  "-1.#QNAN",
  "-NaN",
  "-nan",
  "1.#IND",
  "1.#QNAN",
  "<NA>",
  "N/A",
  "NA",
  "NULL",
  "NaN",
  "None",
  "n/a",
  "nan",
  "null",
]);

/**
 * A question with choices as pandas gives them to prompts: what it takes for missing reads "nan". Columns
 * of numbers only, which it would write anew, are in none of the files of these benchmarks.
 */
export function asPandas<Doc extends LetteredQuestion>(doc: Doc): Doc {
  return {
    ...doc,
    choices: doc.choices.map((choice) => (missing.has(choice) ? "nan" : choice)),
  };
}
