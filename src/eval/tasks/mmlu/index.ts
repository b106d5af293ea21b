/** MMLU (Hendrycks et al., 2021, arXiv 2009.03300): 57 subjects, four choices each. */
import type { Benchmark } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { officialTasks } from "./official.js";
import { officialCategories } from "./subjects.js";

/** Any subject will do, but for those of schools and colleges: C-Eval's files are called like these. */
const markers = Object.values(officialCategories)
  .flat()
  .filter((subject) => !/^(college|high_school)_/.test(subject))
  .map((subject) => `test/${subject}_test.csv`);

export const mmlu: Benchmark = {
  name: "mmlu",
  markers,
  archive: "hf://datasets/cais/mmlu/data.tar",
  source: "https://people.eecs.berkeley.edu/~hendrycks/data.tar",
  tasks: (protocol) => (protocol === "lm-eval" ? harnessTasks() : officialTasks()),
};
