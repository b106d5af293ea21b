/**
 * Weights & Biases: a run file for each attempt, as wandb writes it offline, and its upload while the
 * run goes on where there is a key.
 */
import { lstatSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { eventsName, readEvents } from "../../train/index.js";
import { packageVersion } from "../../util/packageRoot.js";
import { shellWord } from "../../util/shellWord.js";
import type { Tracker, TrackerContext, TrackerKind } from "../tracker.js";
import { uploadBeside } from "../upload/index.js";
import {
  countCovered,
  cutFragments,
  type Fragment,
  makeFragment,
  markSynced,
  readRunState,
  storeRunState,
} from "./fragments.js";
import { isHistory } from "./rows.js";
import { runFacts } from "./runFacts.js";
import { type WandbSettings, wandbSettings } from "./settings.js";
import { roundToMilliseconds, timeRows } from "./timing.js";
import { uploadTask } from "./upload/index.js";
import { openAttemptWriter, syncState } from "./writer.js";

/** Milliseconds that the end of a run waits for its upload. */
const finishTime = 15_000;

export { writeWholeRun } from "./wholeRun.js";

export const wandb: TrackerKind = {
  describe(config, env) {
    const settings = wandbSettings({ ...config }, env);
    if (settings.mode === "disabled") return `nothing, because ${settings.reason}`;
    const place = `project ${settings.project}, in ${settings.folder}`;
    if (settings.mode === "online") return `${place}, and uploaded to ${settings.baseUrl}`;
    return `${place}, offline: ${settings.reason}`;
  },
  open(context) {
    const settings = wandbSettings(context.config, context.env);
    for (const remark of settings.remarks) context.say(`W&B: ${remark}`);
    if (settings.mode !== "disabled") return openRun(context, settings);
    context.say(`W&B: nothing is written, because ${settings.reason}.`);
    return { handle() {}, close() {} };
  },
};

function openRun(context: TrackerContext, settings: WandbSettings): Tracker {
  const { runDirectory, start, say } = context;
  const earlier = readEvents(join(runDirectory, eventsName)).filter(
    ({ attempt }) => attempt < start.attempt,
  );
  const timed = timeRows(earlier);
  const state = readRunState(runDirectory, settings.runId);
  if (settings.runId !== undefined && settings.runId !== state.id)
    say(`W&B: WANDB_RUN_ID has no effect, because this run began as ${state.id}.`);
  const rows = timed.rows.filter(({ row }) => isHistory(row));
  cutFragments(state.fragments, rows.length, start.attempt);
  const startingStep = countCovered(state.fragments, rows.length);
  const fragment = makeFragment(settings.folder, state.id, start.time, startingStep);
  const fragments = [...state.fragments, fragment];
  storeRunState(runDirectory, { id: state.id, fragments });
  linkLatest(settings.folder, fragment);

  const run = runFacts(settings, state.id, start.time, {
    startingStep,
    runtime: timed.seconds,
    resumed: state.fragments.length > 0,
  });
  writeFileSync(`${fragment.file}.syncstate`, syncState(fragment, timed.seconds));
  const writer = openAttemptWriter({
    fragment,
    run,
    start,
    config: { ...context.config, ...context.facts },
    offline: settings.mode === "offline",
    version: packageVersion(),
  });
  // Rows that no file holds: of attempts without this tracker, or lost in a crash.
  for (const { row, runtime } of rows.slice(startingStep)) writer.writeRow(row, runtime);
  // Not every wandb puts the files of attempts together.
  const command =
    fragments.length === 1 && settings.mode === "offline"
      ? `wandb sync ${shellWord(fragment.folder)}`
      : `./tunewright track ${shellWord(runDirectory)} --to wandb`;
  const options = { label: "W&B", command, say, within: finishTime };
  const upload =
    settings.mode === "online"
      ? uploadBeside(
          { task: uploadTask(settings, run, fragments), env: { ...context.env } },
          options,
        )
      : undefined;
  if (!upload && !settings.silent)
    say(`W&B: offline, because ${settings.reason}; to upload the run later: ${command}`);
  return {
    handle(row) {
      writer.write(row, roundToMilliseconds(timed.seconds + row.time - start.time));
      if (row.type === "checkpoint" || row.type === "end") writer.sync();
    },
    async close() {
      writer.close();
      if (upload) {
        const isComplete = await upload.finish();
        if (isComplete) markSynced(fragments);
      } else if (!settings.silent) say(`W&B: to upload the run: ${command}`);
    },
  };
}

/** `latest-run` points to the newest attempt, as wandb has it; other runs may be doing the same. */
function linkLatest(folder: string, fragment: Fragment): void {
  const link = join(folder, "latest-run");
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === false) return;
  const temporary = `${link}.${basename(fragment.folder)}.tmp`;
  rmSync(temporary, { force: true });
  symlinkSync(basename(fragment.folder), temporary);
  renameSync(temporary, link);
}
