/** CMMLU (Li et al., 2023, arXiv 2306.09212): 67 subjects of Chinese exams, four choices each. */
import type { Benchmark } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { officialTasks } from "./official.js";

export { extractChoice } from "./extractChoice.js";

export const cmmlu: Benchmark = {
  name: "cmmlu",
  markers: ["test/agronomy.csv"],
  source: "https://huggingface.co/datasets/haonan-li/cmmlu",
  tasks: (protocol) => (protocol === "lm-eval" ? harnessTasks() : officialTasks()),
};
