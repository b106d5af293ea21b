/**
 * GSM8K (Cobbe et al., 2021, arXiv 2110.14168): 1,319 questions of school mathematics in words. The
 * answers of train and test work the question out, with calculations in `<<…>>` and the number last,
 * after `####`.
 */
import type { Benchmark } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { officialTask } from "./official.js";

export const gsm8k: Benchmark = {
  name: "gsm8k",
  markers: ["test.jsonl"],
  source: "https://github.com/openai/grade-school-math",
  tasks: (protocol) => ({
    tasks: protocol === "lm-eval" ? harnessTasks() : [officialTask()],
    groups: [],
  }),
};
