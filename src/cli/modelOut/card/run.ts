/** What a model card says of a run, from the run's directory. */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Chart, drawSvgFile, thinCurve } from "../../../tracking/plot/index.js";
import { curvesOf, panelOf, readRunEvents } from "../../../tracking/runs/index.js";
import { type EventRow, eventsName } from "../../../train/events/index.js";
import { readRunConfig } from "../../../train/index.js";

/** A run that made an adapter or a model. */
export interface CardRun {
  name: string;
  /** What file, flags and defaults said, by key. */
  config: Readonly<Record<string, unknown>>;
  /** Keys that were given, not defaults. */
  given: ReadonlySet<string>;
  start: Extract<EventRow, { type: "start" }>;
  /** Up to the weights that are written. */
  steps: readonly Extract<EventRow, { type: "step" }>[];
  evaluations: readonly Extract<EventRow, { type: "evaluation" }>[];
  /** The last event where the run is complete and its result is what is written. */
  end: Extract<EventRow, { type: "end" }> | undefined;
}

/**
 * The run that wrote a directory.
 *
 * @param directory of a run, or of one of its checkpoints
 * @returns nothing where no run is known of
 */
export function cardRun(directory: string): CardRun | undefined {
  const home = [directory, dirname(directory)].find((one) => existsSync(join(one, eventsName)));
  const stored = home === undefined ? undefined : readRunConfig(home);
  if (home === undefined || stored === undefined) return undefined;
  const { rows } = readRunEvents(home);
  const checkpoint = /^checkpoint-(\d+)$/.exec(basename(directory))?.[1];
  const result = rows.findLast((row) => row.type === "end");
  const last = Number(checkpoint ?? result?.best_step ?? Number.POSITIVE_INFINITY);
  const upTo = rows.filter(({ step }) => step <= last);
  const start = upTo.find((row) => row.type === "start");
  if (!start) return undefined;
  const origins = Object.entries(stored.origins ?? {});
  return {
    name: start.run_name ?? basename(home),
    config: stored.config,
    given: new Set(origins.flatMap(([key, origin]) => (/^(file|flag)$/.test(origin) ? [key] : []))),
    start,
    steps: upTo.filter((row) => row.type === "step"),
    evaluations: upTo.filter((row) => row.type === "evaluation"),
    end: checkpoint === undefined && result?.reason === "done" ? result : undefined,
  };
}

/** Points of a curve: more than a screen has pixels. */
const POINTS = 1000;

/** The losses of a run as an SVG file; nothing where there are none. */
export function drawLosses({ name, steps, evaluations }: CardRun): string | undefined {
  const rows = [...steps, ...evaluations].sort((one, other) => one.step - other.step);
  if (steps.length < 2) return undefined;
  const curves = curvesOf(rows, "step");
  const metrics = ["train/loss", "eval/loss"].filter((metric) => curves.has(metric));
  const charts = metrics.map((metric): Chart => {
    const panel = panelOf(metric, "step", [{ name, curves }]);
    const thin = panel.curves.map((curve) => thinCurve(curve, POINTS));
    return { panel: { ...panel, curves: thin }, isLogarithmic: false };
  });
  return drawSvgFile([name], charts);
}
