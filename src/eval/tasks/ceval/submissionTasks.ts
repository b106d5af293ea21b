/** C-Eval's test split asked without answers, for submissions to its site. */
import type { Benchmark, BenchmarkFiles, Task } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { officialTasks } from "./official.js";
import { readQuestions } from "./split.js";
import { categories, splitNames } from "./subjects.js";

/** All subjects, as the site names them. */
export const cevalSubjects: readonly string[] = Object.values(categories).flatMap(Object.keys);

/** The form of the question: as `ceval-test`, `ceval-test-gen` or `ceval-test-cot` ask it. */
export type SubmissionForm = "letter" | "gen" | "cot";

/**
 * The tasks of a form under names of their own, one for each subject: `ceval-submission_law`. Their scores
 * mean nothing.
 */
export function submissionBenchmark(ceval: Benchmark, form: SubmissionForm): Benchmark {
  const group = form === "letter" ? splitNames.test : `${splitNames.test}-${form}`;
  return {
    ...ceval,
    tasks: (protocol) => {
      const { tasks } = protocol === "lm-eval" ? harnessTasks() : officialTasks();
      const byName = new Map(tasks.map((task) => [task.name, task]));
      const asked = cevalSubjects.flatMap((subject) => {
        const task = byName.get(`${group}_${subject}`);
        return task ? [unanswered(task, subject)] : [];
      });
      return { tasks: asked, groups: [] };
    },
  };
}

export const submissionTask = (subject: string) => `ceval-submission_${subject}`;

function unanswered(task: Task, subject: string): Task {
  const docs = (files: BenchmarkFiles) => submissionQuestions(files, subject);
  return { ...task, name: submissionTask(subject), docs };
}

/** The questions of the test split; an answer that a file tells is left out. */
async function submissionQuestions(files: BenchmarkFiles, subject: string) {
  const questions = await readQuestions(files, "test", subject);
  return questions.map((question) => ({ ...question, answer: "" }));
}

/** Subjects whose test files are not there. */
export function missingSubjects(files: BenchmarkFiles): string[] {
  return cevalSubjects.filter((subject) => !files.has(`test/${subject}_test.csv`));
}

/** Ids of the test split's questions, by subject. */
export async function submissionIds(files: BenchmarkFiles): Promise<Record<string, string[]>> {
  const ids: Record<string, string[]> = {};
  for (const subject of cevalSubjects) {
    ids[subject] = (await readQuestions(files, "test", subject)).map(({ id }) => id);
  }
  return ids;
}
