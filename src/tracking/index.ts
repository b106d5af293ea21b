/** Trackers: readers of a run's events that show them in other programs. The trainer knows none of them. */
export { describeTrackers, openTrackers, type Trackers, type TrackersOptions } from "./open.js";
export * from "./plot/index.js";
export { type ReplayOptions, replayRun } from "./replay.js";
export * from "./runs/index.js";
export type { Tracker, TrackerContext, TrackerKind } from "./tracker.js";
