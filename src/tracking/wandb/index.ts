/**
 * Weights & Biases: a run file for each attempt, as wandb writes it offline, and its upload while the
 * run goes on where there is a key.
 */
import { lstatSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type EventRow, eventsName, readEvents } from "../../train/index.js";
import { packageVersion } from "../../util/packageRoot.js";
import { shellWord } from "../../util/shellWord.js";
import type { Tracker, TrackerContext, TrackerKind } from "../tracker.js";
import {
  countCovered,
  cutFragments,
  type Fragment,
  makeFragment,
  readRunState,
  storeRunState,
} from "./fragments.js";
import type { RunFacts } from "./records.js";
import { isHistory } from "./rows.js";
import { type WandbSettings, wandbSettings } from "./settings.js";
import { startUpload, type Upload } from "./upload/index.js";
import { openAttemptWriter, syncState } from "./writer.js";

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

  const run = runFacts(context, settings, state.id, {
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
  const command = `wandb sync ${fragments.map(({ folder }) => shellWord(folder)).join(" ")}`;
  const upload =
    settings.mode === "online"
      ? startUpload({ settings, run, fragments, version: packageVersion(), command, say })
      : undefined;
  if (!upload && !settings.silent)
    say(`W&B: offline, because ${settings.reason}; to upload the run later: ${command}`);
  return trackerOf(writer, upload, (row) =>
    roundToMilliseconds(timed.seconds + row.time - start.time),
  );
}

function trackerOf(
  writer: ReturnType<typeof openAttemptWriter>,
  upload: Upload | undefined,
  runtimeOf: (row: EventRow) => number,
): Tracker {
  return {
    handle(row) {
      writer.write(row, runtimeOf(row));
      if (row.type === "checkpoint" || row.type === "end") writer.sync();
    },
    async close() {
      writer.close();
      await upload?.finish();
    },
  };
}

/** Times of events have milliseconds; their differences would have digits without a meaning. */
function roundToMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/** Rows with the seconds of the whole run until then: of each attempt, from its first row to its last. */
function timeRows(rows: readonly EventRow[]): {
  rows: { row: EventRow; runtime: number }[];
  seconds: number;
} {
  let seconds = 0;
  let first: EventRow | undefined;
  let last: EventRow | undefined;
  const timed = rows.map((row) => {
    if (first?.attempt !== row.attempt) {
      seconds += first && last ? last.time - first.time : 0;
      first = row;
    }
    last = row;
    return { row, runtime: roundToMilliseconds(seconds + row.time - first.time) };
  });
  return { rows: timed, seconds: seconds + (first && last ? last.time - first.time : 0) };
}

function runFacts(
  { start }: TrackerContext,
  settings: WandbSettings,
  id: string,
  progress: Pick<RunFacts, "startingStep" | "runtime" | "resumed">,
): RunFacts {
  const { project, entity, group, jobType, name, notes, tags, host } = settings;
  const shown = { project, entity, group, jobType, name, notes, tags, host };
  return { id, ...shown, startTime: start.time, ...progress };
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
