/** What is drawn: plain data between the readers of a run and the ways to draw it. */

/** Points of one metric of one run, x rising. A y that is not finite interrupts the line. */
export interface Curve {
  /** What the legend says. */
  run: string;
  /** [n] */
  x: readonly number[];
  /** [n] */
  y: readonly number[];
}

/** One chart: a metric, with a curve of each run that has it. */
export interface Panel {
  metric: string;
  xLabel: string;
  /** In the order of the runs; one without this metric has no points. */
  curves: readonly Curve[];
}

/** All x, or all y, of several curves. */
export function* valuesOf(curves: readonly Curve[], axis: "x" | "y"): Generator<number> {
  for (const curve of curves) yield* curve[axis];
}
