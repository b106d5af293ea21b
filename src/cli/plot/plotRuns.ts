/** Reads runs and draws them as the flags of `plot` ask. */
import { statSync } from "node:fs";
import {
  type Chart,
  drawInTerminal,
  drawPage,
  drawSvgFile,
  type Panel,
  smoothCurve,
  thinCurve,
} from "../../tracking/plot/index.js";
import {
  type Axis,
  axes,
  curvesOf,
  describeDamage,
  describeRows,
  metricsOfRuns,
  panelOf,
  type RunCurves,
  type RunDescription,
  readRunEvents,
} from "../../tracking/runs/index.js";
import { writeFileAtomic } from "../../util/atomicFile.js";
import { nearestOf } from "../../util/editDistance.js";
import { ConfigError } from "../../util/errors.js";
import { checkOutPlace } from "../../util/outPlace.js";
import { formatValue } from "../../util/scale.js";
import { visibleText } from "../../util/visibleText.js";
import { printJson } from "../command.js";
import { oneOf } from "../data/options.js";
import { stderr, stdout } from "../output.js";
import type { PlotFlags } from "./flags.js";

/** Points of a curve in a file: more than a screen has pixels. */
const FILE_POINTS = 2000;

interface OpenedRun {
  path: string;
  name: string;
  /** Nothing of a bare events file. */
  description: RunDescription | undefined;
  curves: RunCurves;
}

/** @throws ConfigError for an unknown metric or a file that cannot be written; DataError for a run without events */
export async function plotRuns(paths: readonly string[], flags: PlotFlags): Promise<void> {
  const axis = oneOf(flags.x, "--x", axes) ?? "step";
  const runs = openRuns(paths, axis);
  const metrics = chooseMetrics(runs, flags);
  if (flags.json) {
    printJson({ x: axis, runs: runs.map((run) => pointsOf(run, metrics)) });
    if (flags.out === undefined) return;
  }
  const panels = metrics.map((metric) => panelOf(metric, axis, runs));
  if (flags.out === undefined) drawHere(panels, flags);
  else {
    const { out } = flags;
    const { withOutput } = await import("../outputLock.js");
    await withOutput(out, [], async () => writeFile(out, runs, panels, flags));
  }
}

/** Runs of the same name are told apart by their paths. */
function openRuns(paths: readonly string[], axis: Axis): OpenedRun[] {
  const runs = paths.map((path) => {
    const { rows, file, damaged } = readRunEvents(path);
    const damage = describeDamage(file, damaged);
    if (damage) stderr.write(`tunewright: ${visibleText(damage)}\n`);
    const isFolder = statSync(path).isDirectory();
    return { path, rows, description: isFolder ? describeRows(path, rows) : undefined };
  });
  const names = runs.map(({ path, description }) => description?.name ?? path);
  return runs.map(({ path, rows, description }, i) => {
    const isShared = names.filter((name) => name === names[i]).length > 1;
    const name = visibleText(isShared ? path : names[i]!);
    return { path, name, description, curves: curvesOf(rows, axis) };
  });
}

function chooseMetrics(runs: readonly OpenedRun[], { metric, out, json }: PlotFlags): string[] {
  const known = metricsOfRuns(runs.map(({ curves }) => curves));
  if (!metric) {
    const losses = known.filter((name) => name === "train/loss" || name === "eval/loss");
    return out === undefined && !json && losses.length > 0 ? losses : known;
  }
  return metric.map((given) => {
    // As transformers' logs name them, too: loss, eval_loss.
    const short = given.startsWith("eval_") ? given.replace("eval_", "eval/") : `train/${given}`;
    const found = [given, short].find((name) => known.includes(name));
    if (found !== undefined) return found;
    const near = nearestOf(given, known);
    throw new ConfigError(`no run has the metric ${given}`, {
      why: `there are ${known.join(", ")}`,
      ...(near === undefined ? {} : { todo: `did you mean ${near}?` }),
    });
  });
}

function pointsOf({ path, name, curves }: OpenedRun, metrics: readonly string[]) {
  const chosen = metrics.flatMap((metric) => {
    const curve = curves.get(metric);
    if (!curve) return [];
    return [[metric, { x: curve.x, y: curve.y.map((y) => (Number.isFinite(y) ? y : String(y))) }]];
  });
  return { run_dir: path, name, metrics: Object.fromEntries(chosen) };
}

function drawHere(panels: readonly Panel[], flags: PlotFlags): void {
  const options = {
    columns: Math.min(160, stdout.columns),
    rows: flags.height,
    isColoured: flags.color ?? (stdout.isTTY && !process.env.NO_COLOR),
    isLogarithmic: flags.log === true,
  };
  const drawn = panels.map((panel) => drawInTerminal(smooth(panel, flags.smoothing), options));
  stdout.write(`${drawn.map((lines) => lines.join("\n")).join("\n\n")}\n`);
}

function smooth(panel: Panel, weight: number): Panel {
  return { ...panel, curves: panel.curves.map((curve) => smoothCurve(curve, weight)) };
}

function writeFile(
  file: string,
  runs: readonly OpenedRun[],
  panels: readonly Panel[],
  { smoothing, log }: PlotFlags,
): void {
  const thin = (panel: Panel): Panel => {
    return { ...panel, curves: panel.curves.map((curve) => thinCurve(curve, FILE_POINTS)) };
  };
  const charts = panels.map((panel): Chart => {
    const chart = { panel: thin(smooth(panel, smoothing)), isLogarithmic: log === true };
    return smoothing === 0 ? chart : { ...chart, behind: thin(panel) };
  });
  checkOutPlace(file);
  const isPage = /\.html?$/i.test(file);
  const title = runs.map(({ name }) => name).join(", ");
  const text = isPage
    ? drawPage(title, runs.map(describe), charts)
    : drawSvgFile(
        runs.map(({ name }) => name),
        charts,
      );
  try {
    writeFileAtomic(file, text);
  } catch (cause) {
    throw new ConfigError(`${file} cannot be written`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "give another file with --out",
      cause,
    });
  }
  stderr.write(`${panels.length} charts of ${runs.length} runs written to ${file}\n`);
}

function describe({ path, name, description }: OpenedRun) {
  if (!description) return { name, note: path };
  const { state, step, total_steps: total, loss } = description;
  const last = loss === null ? "" : `, loss ${formatValue(loss)}`;
  const steps = total === null ? `${step}` : `${step} of ${total}`;
  return { name, note: `${state}, step ${steps}${last}` };
}
