/** A run in full, as the page shows it. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { listCheckpoints } from "../../train/checkpoint/index.js";
import { lockName } from "../../train/events/index.js";
import { readRunConfig } from "../../train/runConfig/index.js";
import { isReachable, lockHolder } from "../../util/fileLock.js";
import type {
  Attempt,
  Checkpoint,
  ConfigDifference,
  ConfigValue,
  Possible,
  RunDetail,
  RunSummary,
} from "../schema.js";
import { showPlace } from "./followEvents.js";
import type { RunLog } from "./runLog.js";

/** Facts about a run that other parts of the server know. */
export interface RunSurroundings {
  /** Entry of the catalogue for a checkpoint of the run, or for its result where no step is given. */
  catalogueOf(step: number): string | null;
  /** Evaluations of this run's results. */
  evaluations: readonly string[];
}

export function describeDetail(
  summary: RunSummary,
  log: RunLog,
  { catalogueOf, evaluations }: RunSurroundings,
): RunDetail & { position: string } {
  const start = log.starts.at(-1);
  const end = log.ends.at(-1);
  return {
    ...summary,
    config: configOf(log.directory),
    attempts_list: attemptsOf(summary, log),
    checkpoints: checkpointsOf(log, catalogueOf),
    summary: end === undefined || summary.state === "running" ? null : figuresOf(end),
    evaluations: [...evaluations],
    metrics: [...log.metrics.keys()],
    samples: log.samples,
    dialogues: log.dialogues,
    notices: log.notices,
    actions: actionsOf(log.directory, summary),
    device: start?.device ?? null,
    compute_dtype: start?.compute_dtype ?? null,
    parameters: start?.parameters ?? null,
    trainable_parameters: start?.trainable_parameters ?? null,
    memory_limit_bytes: start?.memory?.limit_bytes ?? null,
    position: showPlace(log.place),
  };
}

/** Every value of a run's configuration with its source; nothing where the run has not written it yet. */
export function configOf(directory: string): ConfigValue[] {
  const stored = readRunConfig(directory);
  return Object.entries(stored?.config ?? {}).map(([key, value]) => ({
    key,
    value,
    source: stored?.origins?.[key] ?? "default",
  }));
}

/** Keys whose values differ between two runs. */
export function differenceOf(here: string, there: string): ConfigDifference {
  const [own, other] = [here, there].map((run) => readRunConfig(run)?.config ?? {});
  const keys = [...new Set([...Object.keys(own!), ...Object.keys(other!)])];
  const changed = keys
    .filter((key) => JSON.stringify(own![key] ?? null) !== JSON.stringify(other![key] ?? null))
    .map((key) => ({ key, here: own![key] ?? null, there: other![key] ?? null }));
  return { changed };
}

function figuresOf(end: RunLog["ends"][number]): RunDetail["summary"] {
  const { type: _, attempt: _attempt, time: _time, run_dir: _directory, ...figures } = end;
  return Object.fromEntries(
    Object.entries(figures).map(([key, value]) => [
      key,
      typeof value === "boolean" ? String(value) : (value ?? null),
    ]),
  );
}

function attemptsOf(summary: RunSummary, { starts, ends, lastTimes }: RunLog): Attempt[] {
  return starts.map(({ attempt, step, time }, i) => {
    const end = ends.find((one) => one.attempt === attempt);
    const isLast = i === starts.length - 1;
    const isRunning = isLast && summary.state === "running";
    return {
      attempt,
      from_step: step,
      started: time,
      ended: isRunning ? null : (end?.time ?? lastTimes.get(attempt) ?? null),
      outcome: isRunning ? "running" : (end?.reason ?? "killed"),
    };
  });
}

function checkpointsOf(
  { directory, checkpoints }: RunLog,
  catalogueOf: RunSurroundings["catalogueOf"],
): Checkpoint[] {
  const onDisk = new Set(quietly(() => listCheckpoints(directory), []).map(({ step }) => step));
  const told = checkpoints.map(({ step, bytes, best }) => {
    const kept = onDisk.delete(step);
    return { step, bytes, best, kept, catalogue: kept ? catalogueOf(step) : null };
  });
  // What the events have lost lies there all the same.
  const untold = [...onDisk].map((step) => {
    return { step, bytes: null, best: false, kept: true, catalogue: catalogueOf(step) };
  });
  return [...told, ...untold].sort((one, other) => one.step - other.step);
}

/** What can be done with a run now. */
export function actionsOf(directory: string, { state }: RunSummary): RunDetail["actions"] {
  return {
    stop: mayStop(directory, state),
    resume: mayResume(directory, state),
    duplicate: mayDuplicate(directory),
  };
}

const yes: Possible = { possible: true, reason: null };
const no = (reason: string): Possible => ({ possible: false, reason });

function mayStop(directory: string, state: RunSummary["state"]): Possible {
  if (state !== "running") return no("The run is not going on.");
  const holder = lockHolder(join(directory, lockName));
  if (!holder?.pid) return no("Its process is not known yet.");
  if (isReachable(holder)) return yes;
  return no(`It goes on on another machine or in a container (${holder.host ?? "unknown"}).`);
}

function mayResume(directory: string, state: RunSummary["state"]): Possible {
  if (state === "running" || state === "queued") return no("The run is going on.");
  if (state === "done")
    return no("The run is done: duplicate it, or give its result more training in a new run.");
  if (readRunConfig(directory) === undefined) return no("Its configuration is missing.");
  const found = quietly(() => listCheckpoints(directory), []);
  const hasState = found.some(({ path }) =>
    statSync(join(path, "manifest.json"), { throwIfNoEntry: false }),
  );
  return hasState ? yes : no("It has no checkpoint to go on from: duplicate it instead.");
}

function mayDuplicate(directory: string): Possible {
  return readRunConfig(directory) === undefined ? no("Its configuration is missing.") : yes;
}

function quietly<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
