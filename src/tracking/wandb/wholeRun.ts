/**
 * A run of several attempts as one run file. `wandb sync` of 0.25 begins anew with each file that it is
 * given, so that of the attempts' files the last one alone would be shown; this one every version takes.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type EventRow, eventsName, readEvents, type StartEvent } from "../../train/index.js";
import { packageVersion } from "../../util/packageRoot.js";
import { shellWord } from "../../util/shellWord.js";
import type { TrackerContext } from "../tracker.js";
import { folderName, fragmentIn, markSynced, readRunState, storeRunState } from "./fragments.js";
import { runFacts } from "./runFacts.js";
import { wandbSettings } from "./settings.js";
import { timeRows } from "./timing.js";
import { uploadTask, type WandbUpload } from "./upload/index.js";
import { openAttemptWriter } from "./writer.js";

/**
 * Writes `wandb/whole/offline-run-YYYYMMDD_HHMMSS-ID/run-ID.wandb` from `events.jsonl`, in the place of
 * an older one.
 * @returns the command that uploads it; where there is a key, also what is uploaded
 */
export function writeWholeRun(context: TrackerContext): {
  command: string;
  task?: WandbUpload;
  /** After the upload. */
  markSynced(): void;
} {
  const settings = wandbSettings(context.config, context.env);
  const { runDirectory, config, facts } = context;
  const { rows } = timeRows(readEvents(join(runDirectory, eventsName)));
  const first = rows.find(({ row }) => row.type === "start")?.row as EventRow<StartEvent>;
  const { id, fragments } = readRunState(runDirectory, settings.runId);
  // A run without attempts of this tracker keeps the id, too.
  storeRunState(runDirectory, { id, fragments });
  const folder = join(settings.folder, "whole", folderName(id, first.time));
  rmSync(folder, { recursive: true, force: true });
  const progress = { startingStep: 0, runtime: 0, resumed: false };
  const fragment = fragmentIn(folder, id);
  const run = runFacts(settings, id, first.time, progress);
  const writer = openAttemptWriter({
    fragment,
    run,
    start: first,
    config: { ...config, ...facts },
    offline: true,
    version: packageVersion(),
  });
  for (const { row, runtime } of rows.slice(0, -1)) writer.writeRow(row, runtime);
  const { row: last, runtime } = rows.at(-1)!;
  writer.write(last, runtime);
  if (last.type !== "end") writer.writeKilled(runtime);
  writer.sync();
  writer.close();
  return {
    command: `wandb sync ${shellWord(folder)}`,
    ...(settings.mode === "online" ? { task: uploadTask(settings, run, [fragment]) } : {}),
    markSynced: () => markSynced([...fragments, fragment]),
  };
}
