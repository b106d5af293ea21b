/** CMMLU (Li et al., 2023, arXiv 2306.09212): 67 subjects of Chinese exams, four choices each. */
import type { Benchmark } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { officialTasks } from "./official.js";
import { categories } from "./subjects.js";

export { extractChoice } from "./extractChoice.js";

export const cmmlu: Benchmark = {
  name: "cmmlu",
  markers: Object.values(categories)
    .flatMap(Object.keys)
    .map((subject) => `test/${subject}.csv`),
  archive: "hf://datasets/haonan-li/cmmlu/cmmlu_v1_0_1.zip",
  source: "https://huggingface.co/datasets/haonan-li/cmmlu",
  tasks: (protocol) => (protocol === "lm-eval" ? harnessTasks() : officialTasks()),
};
