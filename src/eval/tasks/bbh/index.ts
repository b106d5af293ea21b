/**
 * BIG-Bench Hard (Suzgun et al., 2022, arXiv 2210.09261): 27 sets of questions, 6,511 in all, each with
 * a published prompt of three examples whose answers are worked out.
 */
import type { Benchmark } from "../../types.js";
import { harnessTasks } from "./harness.js";
import { openCompassTasks } from "./openCompass.js";
import { paperTasks } from "./paper.js";

export const bbh: Benchmark = {
  name: "bbh",
  markers: ["bbh/boolean_expressions.json"],
  source: "https://github.com/suzgunmirac/BIG-Bench-Hard",
  tasks: (protocol) => {
    if (protocol === "lm-eval") return harnessTasks();
    const paper = paperTasks();
    const openCompass = openCompassTasks();
    return {
      tasks: [...paper.tasks, ...openCompass.tasks],
      groups: [...paper.groups, ...openCompass.groups],
    };
  },
};
