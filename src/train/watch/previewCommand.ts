/** The command that shows a row as a run reads it. */
import { shellWord } from "../../util/shellWord.js";
import type { TrainingConfig } from "../config/index.js";
import type { RowLoss } from "../stepRows.js";

/** `./tunewright data preview FILE:LINE --run DIR`: what else there is to say is in the run's configuration. */
export function previewCommand(
  { file, line }: Pick<RowLoss, "file" | "line">,
  { output_dir }: Pick<TrainingConfig, "output_dir">,
): string {
  const words = [`${file}:${line}`, "--run", output_dir];
  return ["./tunewright data preview", ...words.map(shellWord)].join(" ");
}
