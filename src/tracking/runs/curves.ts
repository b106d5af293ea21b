/** The curves of a run, from its events file. */
import { join } from "node:path";
import {
  type EventRow,
  eventsName,
  type ReadEvents,
  readEventsFile,
} from "../../train/events/index.js";
import { DataError } from "../../util/errors.js";
import { brokenLink, statsOf } from "../../util/missingPath.js";
import type { Curve, Panel } from "../plot/index.js";
import { type Metrics, metricsOf } from "./metrics.js";

/** What curves run along: optimizer steps, epochs, hours since the first event, or tokens learnt from. */
export const axes = ["step", "epoch", "hours", "tokens"] as const;

export type Axis = (typeof axes)[number];

/** The curves of a run, by metric. */
export type RunCurves = ReadonlyMap<string, { x: number[]; y: number[] }>;

/**
 * Reads the events of a run that is to be drawn.
 *
 * @param run its directory, or an events file
 * @throws DataError where there are none
 */
export function readRunEvents(run: string): ReadEvents & { file: string } {
  const file = eventsFileOf(run);
  const found = statsOf(file);
  const isFile = found?.isFile() ?? false;
  const missing = found ? "is no file" : "does not exist";
  const read = isFile ? readEventsFile(file) : { rows: [], damaged: 0 };
  if (read.rows.length > 0) return { ...read, file };
  const empty = read.damaged > 0 ? "holds no line that is an event" : "is empty";
  throw new DataError(`${run} has no events to plot`, {
    why: brokenLink(file) ?? `${file} ${isFile ? empty : missing}`,
    todo: "give the output_dir of a run; ./tunewright runs lists those below a directory",
  });
}

/** @param rows of a run; at least one */
export function curvesOf(rows: readonly EventRow[], axis: Axis): RunCurves {
  const curves = new Map<string, { x: number[]; y: number[] }>();
  const place = placeRows();
  for (const row of rows) {
    const x = place(row)[axis];
    for (const [metric, value] of Object.entries(pointOf(row))) {
      const curve = curves.get(metric) ?? { x: [], y: [] };
      curves.set(metric, curve);
      curve.x.push(x);
      curve.y.push(value);
    }
  }
  return curves;
}

/** The values that a row adds to curves; the figures of the whole run, in its last event, are none. */
export function pointOf(row: EventRow): Metrics {
  return row.type === "end" ? {} : (metricsOf(row) ?? {});
}

/** A line on what of an events file is passed over; nothing where that is nothing. */
export function describeDamage(file: string, damaged: number): string | undefined {
  if (damaged === 0) return undefined;
  return `${file} is damaged: ${damaged} ${damaged === 1 ? "line is no event and is" : "lines are no events and are"} passed over`;
}

function eventsFileOf(run: string): string {
  const isFolder = statsOf(run)?.isDirectory() ?? true;
  return isFolder ? join(run, eventsName) : run;
}

/** Where the rows of a run lie along each axis, when all are asked for in order. */
export function placeRows(): (row: EventRow) => Readonly<Record<Axis, number>> {
  let tokens = 0;
  let epoch = 0;
  let began: number | undefined;
  return (row) => {
    began ??= row.time;
    if (row.type === "step") {
      tokens += row.tokens;
      epoch = row.epoch;
    }
    return { step: row.step, epoch, tokens, hours: (row.time - began) / 3600 };
  };
}

/** Metrics of several runs, the losses first, then by name. */
export function metricsOfRuns(runs: readonly RunCurves[]): string[] {
  const names = new Set(runs.flatMap((curves) => [...curves.keys()]));
  const first = ["train/loss", "eval/loss"].filter((name) => names.delete(name));
  return [...first, ...[...names].sort()];
}

/** A panel of one metric, with the curves of all runs in order. */
export function panelOf(
  metric: string,
  axis: Axis,
  runs: readonly { name: string; curves: RunCurves }[],
): Panel {
  const curves = runs.map(({ name, curves }): Curve => {
    return { run: name, ...(curves.get(metric) ?? { x: [], y: [] }) };
  });
  return { metric, xLabel: axis, curves };
}
