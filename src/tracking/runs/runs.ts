/** The runs on a disk, told from their directories alone. */
import { readdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import {
  type EvaluationEvent,
  type EventRow,
  eventsName,
  readEventsFile,
  type StartEvent,
  type StepEvent,
  whoseRun,
} from "../../train/events/index.js";
import { statsOf } from "../../util/missingPath.js";
import { realPath } from "../../util/outPlace.js";
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
  return [...walkRuns(roots)].filter((directory) => directory !== undefined);
}

/** {@link findRuns} with a stop after each folder, for a program that has other work meanwhile. */
export function* walkRuns(roots: readonly string[]): Generator<string | undefined> {
  const seen = new Set<string>();
  const waiting = roots.map((directory) => ({ directory, depth: DEPTH })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { directory, depth } = next;
    const real = realPath(directory);
    // A folder may go while others are looked at.
    if (real === undefined || seen.has(real)) continue;
    seen.add(real);
    yield statsOf(join(directory, eventsName))?.isFile() ? directory : undefined;
    if (depth === 0) continue;
    const inner = listQuietly(directory).flatMap((entry) => {
      if (skipped.test(entry.name)) return [];
      const path = join(directory, entry.name);
      const isFolder = entry.isSymbolicLink() ? statsOf(path)?.isDirectory() : entry.isDirectory();
      return isFolder ? [{ directory: path, depth: depth - 1 }] : [];
    });
    waiting.push(...inner.reverse());
  }
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
  const landmarks: Landmarks = {};
  for (const row of rows) addLandmark(landmarks, row);
  return describeLandmarks(directory, landmarks);
}

/** The rows that a description is made from: the first, the last, and the last of some types. */
export interface Landmarks {
  first?: EventRow;
  last?: EventRow;
  start?: EventRow<StartEvent>;
  step?: EventRow<StepEvent>;
  evaluation?: EventRow<EvaluationEvent>;
}

/** Takes one row after another. */
export function addLandmark(landmarks: Landmarks, row: EventRow): void {
  landmarks.first ??= row;
  landmarks.last = row;
  if (row.type === "start") landmarks.start = row;
  else if (row.type === "step") landmarks.step = row;
  else if (row.type === "evaluation") landmarks.evaluation = row;
}

/** Describes a run by its landmarks; nothing where there is none. */
export function describeLandmarks(
  directory: string,
  { first, last, start, step, evaluation }: Landmarks,
): RunDescription | undefined {
  if (!first || !last) return undefined;
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
