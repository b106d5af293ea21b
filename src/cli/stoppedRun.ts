/** What to say of a training run that a signal stopped. */
import { shellWord } from "./shell.js";

/** The run, as far as it matters here. */
export interface StoppedRun {
  /** Steps that were done. */
  steps: number;
  /** Whether its checkpoints hold no state to go on from. */
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
    return `Stopped at step ${steps}. The weights are saved; save_only_model leaves nothing to go on from.`;
  }
  const again = [
    ...words,
    ...(overwrites ? ["--no-overwrite_output_dir"] : []),
    ...(words.at(-1) === "--resume" ? [] : ["--resume"]),
  ];
  const command = [program, "train", ...again].map(shellWord).join(" ");
  const state =
    steps === 0 ? "Stopped before the first step." : `Stopped at step ${steps} and saved.`;
  return `${state} Go on with: ${command}`;
}
