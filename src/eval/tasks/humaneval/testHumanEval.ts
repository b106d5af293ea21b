/** HumanEval for tests, with something else than a sandbox that says which programs pass. */
import type { Benchmark } from "../../types.js";
import { humanEvalWith } from "./index.js";
import type { Judge } from "./tasks.js";

/** Its tasks have `own_` before their names, since those of the program are there too. */
export function judgedHumanEval(judge: Judge): Benchmark {
  const benchmark = humanEvalWith(async () => judge);
  return {
    ...benchmark,
    tasks: (protocol) => ({
      groups: [],
      tasks: benchmark.tasks(protocol).tasks.map((task) => ({ ...task, name: `own_${task.name}` })),
    }),
  };
}
