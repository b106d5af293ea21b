/** Curves of a run, thinned to what a screen can show. */
import { thinCurve } from "../../tracking/plot/index.js";
import type { Axis } from "../../tracking/runs/index.js";
import type { Curve, RunCurves } from "../schema.js";
import { takingTurns } from "../turns.js";
import { showPlace } from "./followEvents.js";
import type { RunLog } from "./runLog.js";

/** @param most about so many points of each curve: the lowest and the highest of equal parts */
export async function curvesOfRun(log: RunLog, axis: Axis, most: number): Promise<RunCurves> {
  const places = log.points[axis];
  const position = showPlace(log.place);
  const curves: Record<string, Curve> = {};
  await takingTurns([...log.metrics], ([name, { at, y }]) => {
    const x = at.map((point) => places[point]!);
    const thinned = thinCurve({ run: name, x, y }, most);
    curves[name] = {
      x: [...thinned.x],
      y: thinned.y.map((value) => (Number.isFinite(value) ? value : null)),
      points: x.length,
      unit: unitOf(name),
    };
  });
  return { axis, position, curves };
}

/** What the values of a metric are measured in; nothing for a plain number. */
export function unitOf(metric: string): string | null {
  if (/_bytes$/.test(metric)) return "bytes";
  if (/(^|\/)(source_)?loss(\/|$)/.test(metric)) return "nats per token";
  if (/tokens_per_second$/.test(metric)) return "tokens/s";
  if (/samples_per_second$/.test(metric)) return "conversations/s";
  if (/(runtime|_seconds)$/.test(metric)) return "s";
  if (/(^|\/)(labelled_)?tokens$|answer_tokens$/.test(metric)) return "tokens";
  if (/_rate$/.test(metric) && !/learning_rate$/.test(metric)) return "share";
  return null;
}
