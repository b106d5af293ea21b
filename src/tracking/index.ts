/** Trackers: readers of a run's events that show them in other programs. The trainer knows none of them. */
export { metricsOf, summaryOf } from "./metrics.js";
export { describeTrackers, openTrackers, type Trackers, type TrackersOptions } from "./open.js";
export type { Tracker, TrackerContext, TrackerKind } from "./tracker.js";
