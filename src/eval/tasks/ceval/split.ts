/** C-Eval's files: CSV with the columns id, question, A to D, answer (not in test), explanation (in dev). */
import { DataError } from "../../../util/errors.js";
import type { BenchmarkFiles } from "../../types.js";
import { checkLetter, type LetteredQuestion } from "../choices.js";
import { readTable } from "../table.js";

export interface CevalQuestion extends LetteredQuestion {
  /** As the site that takes submissions knows the question. */
  id: string;
  /** Why the answer is right; in dev. */
  explanation?: string;
}

/** A question of which the file may not tell the answer. */
export type UnansweredQuestion = Omit<CevalQuestion, "answer"> & { answer?: string };

export type CevalSplit = "dev" | "val" | "test";

/**
 * The questions of one subject.
 *
 * @throws DataError for a file without answers, as that of the test split was published
 */
export async function readSplit(
  files: BenchmarkFiles,
  split: CevalSplit,
  subject: string,
): Promise<CevalQuestion[]> {
  const questions = await readQuestions(files, split, subject);
  return questions.map((question) => {
    const { answer } = question;
    if (answer === undefined) throw withoutAnswers(split, subject);
    return { ...question, answer };
  });
}

/** The questions of one subject, with or without answers. @throws DataError for files of another form */
export async function readQuestions(
  files: BenchmarkFiles,
  split: CevalSplit,
  subject: string,
): Promise<UnansweredQuestion[]> {
  const path = `${split}/${subject}_${split}.csv`;
  const rows = await readTable(files, path, ["id", "question", "A", "B", "C", "D"]);
  return rows.map(({ cells, where }) => {
    const { id = "", question = "", A = "", B = "", C = "", D = "", answer, explanation } = cells;
    return {
      id,
      question,
      choices: [A, B, C, D],
      ...(answer ? { answer: checkLetter(answer, where) } : {}),
      ...(explanation === undefined ? {} : { explanation }),
    };
  });
}

function withoutAnswers(split: CevalSplit, subject: string): DataError {
  return new DataError(`the ${split} split of C-Eval cannot be scored`, {
    why: `its files were published without answers: ${split}/${subject}_${split}.csv has none`,
    todo: "score ceval-valid, or let C-Eval's site score the test split: --submission FILE writes what it takes",
  });
}
