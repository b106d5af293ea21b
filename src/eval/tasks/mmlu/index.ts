/** MMLU (Hendrycks et al., 2021, arXiv 2009.03300): 57 subjects, four choices each. */
import type { Benchmark } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { officialTasks } from "./official.js";

export const mmlu: Benchmark = {
  name: "mmlu",
  markers: ["dev/abstract_algebra_dev.csv"],
  source: "https://people.eecs.berkeley.edu/~hendrycks/data.tar",
  tasks: (protocol) => (protocol === "lm-eval" ? harnessTasks() : officialTasks()),
};
