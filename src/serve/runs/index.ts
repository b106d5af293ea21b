/** Runs on the disk as the page shows them. */
export { curvesOfRun } from "./curves.js";
export {
  actionsOf,
  configOf,
  describeDetail,
  differenceOf,
  type RunSurroundings,
} from "./detail.js";
export { readPlace } from "./followEvents.js";
export { type LiveReader, openLive, type PlacedEvent } from "./live.js";
export type { RunLog } from "./runLog.js";
export { type BenchmarkRow, readNewestEnd } from "./runSummary.js";
export { type BegunRun, createRunTable, type RunTable, type RunTableOptions } from "./runTable.js";
