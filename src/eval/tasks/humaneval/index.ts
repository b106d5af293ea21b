/**
 * HumanEval (Chen et al., 2021, arXiv 2107.03374): 164 functions of Python to be written after their
 * head and description; a program is right where it passes its tests.
 */
import { openSandbox } from "../../sandbox/index.js";
import type { Benchmark } from "../../types.js";
import { humanEvalTasks, type Judge } from "./tasks.js";

/** @param openJudge makes ready what runs the programs; it is called once, when a task is first asked */
export function humanEvalWith(openJudge: () => Promise<Judge>): Benchmark {
  let opened: Promise<Judge> | undefined;
  const judge = () => {
    opened ??= openJudge();
    return opened;
  };
  return {
    name: "humaneval",
    markers: ["HumanEval.jsonl.gz", "HumanEval.jsonl"],
    source: "https://github.com/openai/human-eval",
    tasks: (protocol) => ({ tasks: humanEvalTasks(protocol, judge), groups: [] }),
  };
}

export const humaneval = humanEvalWith(openSandbox);
