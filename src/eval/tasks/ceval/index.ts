/** C-Eval (Huang et al., 2023, arXiv 2305.08322): 52 subjects of Chinese exams, four choices each. */
import type { Benchmark } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { officialTasks } from "./official.js";

export {
  exactCevalAnswer,
  extractCevalAnswer,
  reasonedCevalAnswer,
  statedCevalAnswer,
} from "./extractAnswer.js";

export const ceval: Benchmark = {
  name: "ceval",
  markers: ["val/law_val.csv", "test/law_test.csv"],
  source: "https://huggingface.co/datasets/ceval/ceval-exam",
  tasks: (protocol) => (protocol === "lm-eval" ? harnessTasks() : officialTasks()),
};
