/** The message for a training run that was stopped by a signal. */
import { shellWord } from "./shell.js";

/** The run, as far as it matters here. */
export interface StoppedRun {
  /** Completed steps. */
  steps: number;
  /** Whether its checkpoints cannot be resumed from. */
  saveOnlyModel: boolean;
  /** Whether file or flags say overwrite_output_dir, which contradicts --resume. */
  overwrites: boolean;
}

/**
 * @param program how the program is started
 * @param words what followed `train` on the command line, without `--json`
 */
export function describeStoppedRun(
  program: string,
  words: readonly string[],
  { steps, saveOnlyModel, overwrites }: StoppedRun,
): string {
  if (saveOnlyModel && steps > 0) {
    return `Stopped at step ${steps}. The weights are saved, but training cannot resume because of save_only_model.`;
  }
  const again = [
    ...words,
    ...(overwrites ? ["--no-overwrite_output_dir"] : []),
    ...(words.at(-1) === "--resume" ? [] : ["--resume"]),
  ];
  const command = [program, "train", ...again].map(shellWord).join(" ");
  const state =
    steps === 0
      ? "Stopped before the first step."
      : `Stopped at step ${steps} and saved a checkpoint.`;
  return `${state} Resume with: ${command}`;
}
