/** Runs on a disk, with their states and curves. Entered by itself, this folder needs no libtorch. */
export {
  type Axis,
  axes,
  curvesOf,
  describeDamage,
  metricsOfRuns,
  panelOf,
  type RunCurves,
  readRunEvents,
} from "./curves.js";
export { type Metrics, metricsOf, summaryOf } from "./metrics.js";
export { describeRows, describeRun, findRuns, type RunDescription, type RunState } from "./runs.js";
