/** Answers that wait in the directory of an evaluation until it ends. */
import { type EvaluationFolder, openEvaluationFolder } from "../../eval/store/index.js";
import { Interrupted } from "../../util/signals.js";
import { stderr } from "../output.js";
import { type Job, settingsOf } from "./settings.js";

/** Opens the directory, and says which answers are there already. */
export function prepareFolder(output: string, job: Job): EvaluationFolder {
  const folder = openEvaluationFolder(output, settingsOf(job));
  const { dropped, kept } = folder;
  if (dropped > 0) {
    const lines = dropped === 1 ? "1 line" : `${dropped} lines`;
    const verb = dropped === 1 ? "was" : "were";
    stderr.write(
      `note: ${lines} of kept answers ${verb} not whole: what they answered is asked again\n`,
    );
  }
  if (kept > 0) stderr.write(`going on with ${kept} answers of ${output}\n`);
  return folder;
}

/** Says, where a signal ends `action`, how it goes on. */
export async function goingOnFrom<T>(output: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(error.message, {
      why: `the answers so far are kept in ${output}`,
      todo: "run the same command again to go on",
    });
  }
}
