/** A run in a line, kept up to date while its events file grows. */
import { join } from "node:path";
import { addLandmark, describeLandmarks, type Landmarks } from "../../tracking/runs/index.js";
import {
  type BenchmarkEvent,
  type EndEvent,
  type EventRow,
  eventsName,
} from "../../train/events/index.js";
import { pathId } from "../pathId.js";
import type { RunSummary } from "../schema.js";
import { firstPlace, type Place, readNewRows } from "./followEvents.js";

/** Losses of the small curve in a list. */
const recentCount = 40;

/** Step events that the speed is taken from. */
const paceCount = 20;

/** What is known of a run's events so far. */
export interface RunFollower {
  readonly directory: string;
  place: Place;
  landmarks: Landmarks;
  /** The newest step events, oldest first. */
  recent: { step: number; time: number; attempt: number; loss: number }[];
  /** Scores on benchmarks, oldest first. */
  benchmarks: BenchmarkRow[];
}

/** Scores that a run has told. */
export type BenchmarkRow = EventRow<BenchmarkEvent>;

/** @param directory its real path */
export function followRun(directory: string): RunFollower {
  return { directory, place: firstPlace, landmarks: {}, recent: [], benchmarks: [] };
}

/**
 * Reads what was written since the last time.
 *
 * @throws Error of the system where the events cannot be read
 */
export async function catchUp(follower: RunFollower): Promise<void> {
  const file = join(follower.directory, eventsName);
  for (let more = true; more; ) {
    const found = await readNewRows(file, follower.place);
    if (found.rewritten) Object.assign(follower, followRun(follower.directory));
    for (const { row } of found.rows) addRow(follower, row);
    follower.place = found.place;
    more = found.more && (found.rows.length > 0 || found.damaged > 0);
  }
}

function addRow({ landmarks, recent, benchmarks }: RunFollower, row: EventRow): void {
  addLandmark(landmarks, row);
  if (row.type === "benchmark") benchmarks.push(row);
  if (row.type !== "step") return;
  const { step, time, attempt } = row;
  recent.push({ step, time, attempt, loss: Number(row.loss) });
  if (recent.length > recentCount) recent.shift();
}

/** @returns nothing where there is no event yet */
export function summaryOfRun(
  { directory, landmarks, recent }: RunFollower,
  ours: boolean,
): RunSummary | undefined {
  const description = describeLandmarks(directory, landmarks);
  if (!description) return undefined;
  const { run_dir: _, ...facts } = description;
  const isRunning = facts.state === "running";
  return {
    id: pathId(directory),
    ...facts,
    loss: finite(facts.loss),
    eval_loss: finite(facts.eval_loss),
    tokens_per_second: finite(facts.tokens_per_second),
    eta_seconds: isRunning ? secondsLeft(recent, facts.total_steps, facts.attempts) : null,
    recent_losses: recent.flatMap(({ loss }) => (Number.isFinite(loss) ? [loss] : [])),
    ours,
  };
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

function secondsLeft(
  recent: RunFollower["recent"],
  total: number | null,
  attempt: number,
): number | null {
  const own = recent.filter((one) => one.attempt === attempt).slice(-paceCount);
  const [first, last] = [own[0], own.at(-1)];
  if (!first || !last || total === null || last.step <= first.step) return null;
  const each = (last.time - first.time) / (last.step - first.step);
  return Math.max(0, each * (total - last.step));
}

/** How the newest attempt of a run ended; nothing where it did not say. */
export async function readNewestEnd(directory: string): Promise<EventRow<EndEvent> | undefined> {
  const follower = followRun(directory);
  await catchUp(follower).catch(() => {});
  const { last } = follower.landmarks;
  return last?.type === "end" ? last : undefined;
}
