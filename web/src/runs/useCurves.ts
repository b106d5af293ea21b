/** The curves of a run: what the server has, and what came since by its live events. */
import { useMemo } from "react";
import type { Curve, LiveEvent, RunCurves } from "../../../src/serve/schema";
import { type Resource, useResource } from "../api/useResource";
import { runPath } from "./addresses";
import type { Axis } from "./axis";
import type { Curves } from "./metrics";

export type LivePoint = Extract<LiveEvent, { type: "point" }>;

/** Enough that smoothing sees nearly all of a run, few enough for a phone. */
const mostPoints = 4000;

export interface CurvesOnAxis {
  axis: Axis;
  curves: Curves;
  /** Where on the axis a step lies; null where no curve tells. */
  placeOf: (step: number) => number | null;
}

/** @param axis null fetches nothing */
export function useCurvesOf(id: string, axis: Axis | null): Resource<RunCurves> {
  return useResource<RunCurves>(axis && runPath(id, `curves?axis=${axis}&points=${mostPoints}`));
}

/**
 * @param steps the run's curves over steps
 * @param live points that came since they were fetched, in order
 * @param started of the run's first event
 */
export function useCurves(
  id: string,
  axis: Axis,
  steps: Resource<RunCurves>,
  live: readonly LivePoint[],
  started: number,
): Resource<CurvesOnAxis> {
  const other = useCurvesOf(id, axis === "step" ? null : axis);
  const resource = axis === "step" ? steps : other;
  const data = useMemo((): CurvesOnAxis | null => {
    if (resource.data === null) return null;
    const curves = withLive(resource.data.curves, live, (point) => placeOn(axis, point, started));
    if (axis === "step") return { axis, curves, placeOf: (step) => step };
    const bySteps = withLive(steps.data?.curves ?? {}, live, ({ step }) => step);
    return { axis, curves, placeOf: placesOf(bySteps, curves) };
  }, [resource.data, steps.data, live, axis, started]);
  return { ...resource, data };
}

function placeOn(axis: Axis, point: LivePoint, started: number): number | null {
  if (axis === "hours") return (point.time - started) / 3600;
  return { step: point.step, epoch: point.epoch, tokens: point.tokens }[axis];
}

/** Curves with the points that lie behind their ends. */
export function withLive(
  curves: Curves,
  live: readonly LivePoint[],
  place: (point: LivePoint) => number | null,
): Curves {
  if (live.length === 0) return curves;
  const longer = new Map<string, Curve>(
    Object.entries(curves).map(([name, curve]) => [
      name,
      { ...curve, x: [...curve.x], y: [...curve.y] },
    ]),
  );
  for (const point of live) {
    const x = place(point);
    if (x === null) continue;
    for (const [name, y] of Object.entries(point.metrics)) {
      const curve = longer.get(name) ?? { x: [], y: [], points: 0, unit: null };
      longer.set(name, curve);
      if (x <= (curve.x.at(-1) ?? Number.NEGATIVE_INFINITY)) continue;
      curve.x.push(x);
      curve.y.push(y);
      curve.points++;
    }
  }
  return Object.fromEntries(longer);
}

/** A curve's points are the same on each axis, so that its n-th lies at the n-th step. */
function placesOf(steps: Curves, curves: Curves): (step: number) => number | null {
  const along = steps["train/loss"]?.x ?? [];
  const places = curves["train/loss"]?.x ?? [];
  return (step) => {
    if (along.length !== places.length) return null;
    return places[along.findIndex((other) => other >= step)] ?? null;
  };
}
