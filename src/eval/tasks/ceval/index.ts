/** C-Eval (Huang et al., 2023, arXiv 2305.08322): 52 subjects of Chinese exams, four choices each. */
import type { Benchmark } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { officialTasks } from "./official.js";
import { categories } from "./subjects.js";

export {
  exactCevalAnswer,
  extractCevalAnswer,
  reasonedCevalAnswer,
  statedCevalAnswer,
} from "./extractAnswer.js";

export {
  cevalSubjects,
  missingSubjects,
  type SubmissionForm,
  submissionBenchmark,
  submissionIds,
  submissionTask,
} from "./submissionTasks.js";

/** Any subject will do, but for those of schools and colleges: MMLU's files are called like these. */
const markers = Object.values(categories)
  .flatMap(Object.keys)
  .filter((subject) => !/^(college|high_school)_/.test(subject))
  .flatMap((subject) => [`val/${subject}_val.csv`, `test/${subject}_test.csv`]);

export const ceval: Benchmark = {
  name: "ceval",
  markers,
  archive: "hf://datasets/ceval/ceval-exam/ceval-exam.zip",
  source: "https://huggingface.co/datasets/ceval/ceval-exam",
  tasks: (protocol) => (protocol === "lm-eval" ? harnessTasks() : officialTasks()),
};
