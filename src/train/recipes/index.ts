/** The recipes, by `task_type`. */
import { defaultDevice } from "../../tensor/index.js";
import type { LoadedConfig } from "../config/index.js";
import { explainOutOfMemory } from "../memory/index.js";
import { settleBatchSize } from "../preflight/index.js";
import type { RunOptions, RunResult } from "../run.js";
import { RolledBack } from "../watch/index.js";
import { runPretrain } from "./pretrain.js";
import { runSft } from "./sft.js";

export { runPretrain, runSft };

/**
 * Runs the recipe that a configuration names. A run that goes back to its last checkpoint
 * (`on_non_finite: rollback`) begins again from there, as `--resume` does.
 *
 * @throws what the recipe throws
 */
export async function runTraining(
  given: LoadedConfig,
  options: RunOptions = {},
): Promise<RunResult> {
  const loaded = await settleBatchSize(given);
  const recipes = { sft: runSft, pretrain: runPretrain };
  const recipe = recipes[loaded.config.task_type];
  const goingOn = { resume_from_checkpoint: true, overwrite_output_dir: false } as const;
  const resumed = { ...loaded, config: { ...loaded.config, ...goingOn } };
  for (let rolledBack: RunOptions["rolledBack"]; ; ) {
    try {
      if (!rolledBack) return await recipe(loaded, options);
      return await recipe(resumed, { ...options, rolledBack });
    } catch (error) {
      if (!(error instanceof RolledBack)) throw explained(error, loaded);
      const { rows, count } = error;
      rolledBack = { rows: [...(rolledBack?.rows ?? []), ...rows], count };
      await options.betweenAttempts?.();
    }
  }
}

/** Memory that ran short is told so; every other error is as it was. */
function explained(error: unknown, { config }: LoadedConfig): unknown {
  const device = config.use_cpu ? "cpu" : defaultDevice();
  const when = "while the run was being prepared";
  return explainOutOfMemory(error, { device, maxMemory: config.max_memory, when });
}
