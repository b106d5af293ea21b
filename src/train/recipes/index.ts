/** The recipes, by `task_type`. */
import type { LoadedConfig } from "../config/index.js";
import type { RunOptions, RunResult } from "../run.js";
import { runPretrain } from "./pretrain.js";
import { runSft } from "./sft.js";

export { runPretrain, runSft };

/** Runs the recipe that a configuration names. @throws what the recipe throws */
export function runTraining(loaded: LoadedConfig, options: RunOptions = {}): Promise<RunResult> {
  const recipes = { sft: runSft, pretrain: runPretrain };
  return recipes[loaded.config.task_type](loaded, options);
}
