/** MMLU's files: CSV without a header, each row question, four choices and letter. */
import { DataError } from "../../../util/errors.js";
import type { BenchmarkFiles } from "../../types.js";
import { checkLetter, type LetteredQuestion } from "../choices.js";

/**
 * The questions of one subject.
 *
 * @throws DataError for a row of another form
 */
export async function readSplit(
  files: BenchmarkFiles,
  split: "dev" | "test",
  subject: string,
): Promise<LetteredQuestion[]> {
  const path = `${split}/${subject}_${split}.csv`;
  const rows = await files.csv(path);
  return rows.map((row, i) => {
    const where = `row ${i + 1} of ${path}`;
    if (row.length !== 6) {
      throw new DataError(`${where} has ${row.length} cells`, {
        why: "a row of MMLU has six: the question, four choices and the letter of the right one",
        todo: "get the file anew",
      });
    }
    const [question = "", ...rest] = row;
    return { question, choices: rest.slice(0, 4), answer: checkLetter(rest[4]!, where) };
  });
}
