/** The recipes, by `task_type`. */
import { defaultDevice } from "../../tensor/index.js";
import type { LoadedConfig } from "../config/index.js";
import { explainOutOfMemory } from "../memory/index.js";
import type { RunOptions, RunResult } from "../run.js";
import { runPretrain } from "./pretrain.js";
import { runSft } from "./sft.js";

export { runPretrain, runSft };

/** Runs the recipe that a configuration names. @throws what the recipe throws */
export async function runTraining(
  { config, ...rest }: LoadedConfig,
  options: RunOptions = {},
): Promise<RunResult> {
  const recipes = { sft: runSft, pretrain: runPretrain };
  try {
    return await recipes[config.task_type]({ config, ...rest }, options);
  } catch (error) {
    const device = config.use_cpu ? "cpu" : defaultDevice();
    const when = "while the run was being prepared";
    throw explainOutOfMemory(error, { device, maxMemory: config.max_memory, when });
  }
}
