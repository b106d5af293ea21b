/** Trackers: readers of a run's events that show them in other programs. The trainer knows none of them. */
export {
  type Axis,
  axes,
  curvesOf,
  metricsOfRuns,
  panelOf,
  type RunCurves,
  readRunEvents,
} from "./curves.js";
export { metricsOf, summaryOf } from "./metrics.js";
export { describeTrackers, openTrackers, type Trackers, type TrackersOptions } from "./open.js";
export * from "./plot/index.js";
export { type ReplayOptions, replayRun } from "./replay.js";
export { describeRows, describeRun, findRuns, type RunDescription, type RunState } from "./runs.js";
export type { Tracker, TrackerContext, TrackerKind } from "./tracker.js";
