/** CMMLU's files: CSV with the columns Question, A to D, Answer after one without a name. */
import type { BenchmarkFiles } from "../../types.js";
import { checkLetter, type LetteredQuestion } from "../choices.js";
import { readTable } from "../table.js";

/** The questions of one subject. @throws DataError for a file of another form */
export async function readSplit(
  files: BenchmarkFiles,
  split: "dev" | "test",
  subject: string,
): Promise<LetteredQuestion[]> {
  const columns = ["Question", "A", "B", "C", "D", "Answer"];
  const rows = await readTable(files, `${split}/${subject}.csv`, columns);
  return rows.map(({ cells, where }) => {
    const [question = "", A = "", B = "", C = "", D = "", answer = ""] = columns.map(
      (column) => cells[column],
    );
    return { question, choices: [A, B, C, D], answer: checkLetter(answer, where) };
  });
}
