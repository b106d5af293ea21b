/** All that the events of a run say, ready for curves and lists, kept up to date while the file grows. */
import { join } from "node:path";
import { type Axis, placeRows, pointOf } from "../../tracking/runs/index.js";
import {
  type EndEvent,
  type EventRow,
  eventsName,
  type SpikeEvent,
  type StartEvent,
} from "../../train/events/index.js";
import type { GeneratedDialogue, GeneratedSample, Notice } from "../schema.js";
import { firstPlace, type Place, readNewRows } from "./followEvents.js";
import { dialogueOf, noticeOf, sampleOf } from "./notices.js";

/** Values of one metric: `at[i]` is the point among {@link RunLog.points} that has `y[i]`. */
export interface MetricValues {
  at: number[];
  y: number[];
}

export interface RunLog {
  readonly directory: string;
  place: Place;
  damaged: number;
  /** Where the rows with metrics lie along each axis, [points]. */
  points: Record<Axis, number[]>;
  metrics: Map<string, MetricValues>;
  notices: Notice[];
  samples: GeneratedSample[];
  dialogues: GeneratedDialogue[];
  starts: EventRow<StartEvent>[];
  ends: EventRow<EndEvent>[];
  /** Time of the last event of each attempt. */
  lastTimes: Map<number, number>;
  checkpoints: { step: number; bytes: number; best: boolean }[];
  /** Rows of steps that were looked into, by step. */
  rows: Map<number, SpikeEvent["rows"]>;
}

/** A log that is still read: `where` goes on between its rows. */
interface OpenLog extends RunLog {
  where: ReturnType<typeof placeRows>;
}

/** @param directory its real path */
export function openRunLog(directory: string): RunLog {
  return emptyLog(directory);
}

function emptyLog(directory: string): OpenLog {
  return {
    directory,
    place: firstPlace,
    damaged: 0,
    points: { step: [], epoch: [], hours: [], tokens: [] },
    metrics: new Map(),
    notices: [],
    samples: [],
    dialogues: [],
    starts: [],
    ends: [],
    lastTimes: new Map(),
    checkpoints: [],
    rows: new Map(),
    where: placeRows(),
  };
}

/**
 * Reads what was written since the last time.
 *
 * @throws Error of the system where the events cannot be read
 */
export async function readRunLog(log: RunLog): Promise<void> {
  const file = join(log.directory, eventsName);
  for (let more = true; more; ) {
    const found = await readNewRows(file, log.place);
    if (found.rewritten) Object.assign(log, emptyLog(log.directory));
    for (const { row } of found.rows) addRow(log as OpenLog, row);
    log.place = found.place;
    log.damaged += found.damaged;
    more = found.more && (found.rows.length > 0 || found.damaged > 0);
  }
}

function addRow(log: OpenLog, row: EventRow): void {
  addPoint(log, row);
  log.lastTimes.set(row.attempt, row.time);
  const notice = noticeOf(row);
  if (notice) log.notices.push(notice);
  const sample = sampleOf(row);
  if (sample) log.samples.push(sample);
  const dialogue = dialogueOf(row);
  if (dialogue) log.dialogues.push(dialogue);
  if (row.type === "start") log.starts.push(row);
  else if (row.type === "end") log.ends.push(row);
  else if (row.type === "checkpoint") addCheckpoint(log, row);
  else if (row.type === "spike" || row.type === "non_finite") log.rows.set(row.step, row.rows);
}

function addCheckpoint({ checkpoints }: RunLog, row: Extract<EventRow, { type: "checkpoint" }>) {
  if (row.best) for (const one of checkpoints) one.best = false;
  const { step, bytes, best = false } = row;
  const at = checkpoints.findIndex((one) => one.step === step);
  if (at >= 0) checkpoints.splice(at, 1);
  checkpoints.push({ step, bytes, best });
}

function addPoint({ points, metrics, where }: OpenLog, row: EventRow): void {
  const place = where(row);
  const values = Object.entries(pointOf(row));
  if (values.length === 0) return;
  const at = points.step.length;
  for (const axis of ["step", "epoch", "hours", "tokens"] as const) points[axis].push(place[axis]);
  for (const [name, value] of values) {
    const known = metrics.get(name) ?? { at: [], y: [] };
    metrics.set(name, known);
    known.at.push(at);
    known.y.push(value);
  }
}
