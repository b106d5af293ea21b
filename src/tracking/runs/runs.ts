/** The runs on a disk, told from their directories alone. */
import { readdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { type EventRow, eventsName, readEventsFile, whoseRun } from "../../train/events/index.js";
import { statsOf } from "../../util/missingPath.js";
import { describeDamage } from "./curves.js";

/**
 * What a run is doing: `killed` where its last attempt ended without a word, as with kill -9 or a
 * power cut.
 */
export type RunState = "running" | "done" | "stopped" | "failed" | "killed";

/** A run in a line. What it has not measured yet is null. */
export interface RunDescription {
  run_dir: string;
  /** run_name, or the name of the directory. */
  name: string;
  state: RunState;
  step: number;
  total_steps: number | null;
  epoch: number | null;
  /** Of the last step event. */
  loss: number | null;
  eval_loss: number | null;
  tokens_per_second: number | null;
  model: string | null;
  train_mode: string | null;
  /** Processes that have worked on it. */
  attempts: number;
  /** Seconds since 1970, of the first and of the last event. */
  started: number;
  updated: number;
}

/** Folders below a given one that are looked at. */
const DEPTH = 4;

/** Folders that hold no runs, or runs that were moved aside. */
const skipped = /^(?:\..*|node_modules|checkpoint-\d+.*|previous-\d+|result\..*)$/;

/** Directories with an events file, among `roots` and some levels below, each once. */
export function findRuns(roots: readonly string[]): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const look = (directory: string, depth: number) => {
    const real = realpathSync(directory);
    if (seen.has(real)) return;
    seen.add(real);
    const events = statsOf(join(directory, eventsName));
    if (events?.isFile()) found.push(directory);
    if (depth === 0) return;
    for (const entry of listQuietly(directory)) {
      if (skipped.test(entry.name)) continue;
      const path = join(directory, entry.name);
      const isFolder = entry.isSymbolicLink() ? statsOf(path)?.isDirectory() : entry.isDirectory();
      if (isFolder) look(path, depth - 1);
    }
  };
  for (const root of roots) look(root, DEPTH);
  return found;
}

/** What may not be read holds no run of ours. */
function listQuietly(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/**
 * Describes a run; one that cannot be read keeps nobody from seeing the others.
 *
 * @returns no description where the events file has no event yet or cannot be read; what is wrong with
 *   it, in a line
 */
export function describeRun(directory: string): {
  description?: RunDescription;
  trouble?: string;
} {
  const file = join(directory, eventsName);
  try {
    const { rows, damaged } = readEventsFile(file);
    const description = describeRows(directory, rows);
    const trouble = describeDamage(file, damaged);
    return { ...(description ? { description } : {}), ...(trouble ? { trouble } : {}) };
  } catch (error) {
    return {
      trouble: `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/** {@link describeRun} of a run whose events have been read. */
export function describeRows(
  directory: string,
  rows: readonly EventRow[],
): RunDescription | undefined {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last) return undefined;
  const start = lastOf(rows, "start");
  const step = lastOf(rows, "step");
  const evaluation = lastOf(rows, "evaluation");
  return {
    run_dir: directory,
    name: start?.run_name ?? basename(realpathSync(directory)),
    state: stateOf(directory, last),
    step: last.step,
    total_steps: start?.total_steps ?? null,
    epoch: step?.epoch ?? null,
    loss: numberOf(step?.loss),
    eval_loss: numberOf(evaluation?.eval_loss),
    tokens_per_second: step?.tokens_per_second ?? null,
    model: start?.model ?? null,
    train_mode: start?.train_mode ?? null,
    attempts: last.attempt,
    started: first.time,
    updated: last.time,
  };
}

/** A value that is not finite is stored as text. */
function numberOf(value: unknown): number | null {
  return typeof value === "number" || typeof value === "string" ? Number(value) : null;
}

function stateOf(directory: string, last: EventRow): RunState {
  if (whoseRun(directory)) return "running";
  return last.type === "end" ? last.reason : "killed";
}

function lastOf<Type extends EventRow["type"]>(
  rows: readonly EventRow[],
  type: Type,
): Extract<EventRow, { type: Type }> | undefined {
  return rows.findLast((row): row is Extract<EventRow, { type: Type }> => row.type === type);
}
