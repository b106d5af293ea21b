/** Shows a run that has been in a tracker: every row of its `events.jsonl`, as if it had been there. */
import { join } from "node:path";
import {
  type EventRow,
  eventsName,
  readEvents,
  readRunConfig,
  type StartEvent,
  type TrackerName,
} from "../train/index.js";
import { ConfigError, DataError, TunewrightError } from "../util/errors.js";
import { trackerKinds } from "./registry.js";
import { describeRows } from "./runs/index.js";
import { services, sessionOf, type UploadTask } from "./sessions.js";
import { type TrackerContext, type TrackerKind, titleOf } from "./tracker.js";
import { factsOf, jsonSender, startLoop } from "./upload/index.js";
import { remarksOnVariables } from "./variables.js";
import { writeWholeRun } from "./wandb/index.js";

export interface ReplayOptions {
  say: (line: string) => void;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds until an upload is given up. Default: ten minutes. */
  within?: number;
}

/**
 * @param run its directory
 * @throws DataError where there is no run; ConfigError where no server is named, or the run goes on;
 *   TunewrightError where a server does not take everything
 */
export async function replayRun(run: string, name: TrackerName, options: ReplayOptions) {
  const { say, env = process.env } = options;
  const events = join(run, eventsName);
  const rows = readEvents(events);
  const start = rows.find((row): row is EventRow<StartEvent> => row.type === "start");
  if (!start) {
    throw new DataError(`${run} has no run to show`, {
      why: `${events} does not exist, or has no start`,
      todo: "give the output_dir of a run; ./tunewright runs lists those below a directory",
    });
  }
  for (const remark of remarksOnVariables(name, env)) say(`${titleOf(name)}: ${remark}`);
  const kind = trackerKinds[name];
  const stored = readRunConfig(run);
  const config = stored?.config ?? {};
  const state = describeRows(run, rows)?.state;
  const context = { runDirectory: run, events, config, facts: stored?.facts ?? {}, env, say };
  if (name in services) {
    const lack = kind.missing?.(config as never, env);
    if (lack !== undefined) throw new ConfigError(`Nothing can be sent to ${name}`, { why: lack });
    if (state === "running" && reportsTo(config, name)) throw beingTrained(run);
    // A server still takes a killed run for a running one.
    const last = rows.at(-1)!;
    const killed = state === "killed" ? { killedAt: last.time } : {};
    const runFacts = factsOf({ ...context, start });
    await upload(name, { name, run: runFacts, attempt: last.attempt, ...killed }, options);
  } else if (state === "running") {
    throw beingTrained(run);
  } else if (name === "wandb") {
    const { command, task, markSynced } = writeWholeRun({ ...context, start });
    if (!task) return say(`W&B: the whole run is in one file; to upload it: ${command}`);
    await upload(name, task, options);
    markSynced();
    say("W&B has the whole run");
  } else {
    await write(kind, { ...context, start }, rows);
  }
}

function reportsTo({ report_to: names }: Readonly<Record<string, unknown>>, name: string): boolean {
  return Array.isArray(names) && [name, "all"].some((one) => names.includes(one));
}

function beingTrained(run: string): ConfigError {
  return new ConfigError(`${run} is being trained`, {
    why: "two writers would tell its steps twice",
    todo: "wait until it has ended",
  });
}

async function write(kind: TrackerKind, context: TrackerContext, rows: readonly EventRow[]) {
  // As a later attempt from the beginning: what earlier files hold of the run is void.
  const start = { ...context.start, attempt: rows.at(-1)!.attempt + 1 };
  const tracker = kind.open({ ...context, start });
  if (!kind.readsEvents) for (const row of rows) tracker.handle(row);
  await tracker.close();
}

async function upload(name: string, task: UploadTask, options: ReplayOptions) {
  const { env = process.env, within = 600_000 } = options;
  const aborted = new AbortController();
  const say = (line: string) => options.say(`${titleOf(name)}: ${line}`);
  const session = sessionOf(task, jsonSender(aborted.signal), env, say);
  const loop = startLoop({ session, say, abort: () => aborted.abort() });
  const { left, why } = await loop.finish(within);
  if (left === 0) return;
  throw new TunewrightError(
    `${titleOf(name)} does not have the whole run: ${left} values are not sent`,
    {
      ...(why === undefined ? {} : { why }),
      todo: "try again; what was sent is not sent twice",
    },
  );
}
