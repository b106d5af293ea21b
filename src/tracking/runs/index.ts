/** Runs on a disk, with their states and curves. Entered by itself, this folder needs no libtorch. */
export {
  type Axis,
  axes,
  curvesOf,
  describeDamage,
  metricsOfRuns,
  panelOf,
  placeRows,
  pointOf,
  type RunCurves,
  readRunEvents,
} from "./curves.js";
export { type Metrics, metricsOf, summaryOf } from "./metrics.js";
export {
  addLandmark,
  describeLandmarks,
  describeRows,
  describeRun,
  findRuns,
  type Landmarks,
  type RunDescription,
  type RunState,
  walkRuns,
} from "./runs.js";
