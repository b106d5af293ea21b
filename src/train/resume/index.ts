/** What may differ between a checkpoint and the run that goes on from it, and how it is found out. */
export { compareCheckpoint } from "./checkpointSettings.js";
export {
  type Differences,
  joinDifferences,
  linesOf,
  noDifferences,
  settle,
} from "./differences.js";
export { type RunRecord, readRunRecord, writeRunRecord } from "./record.js";
export { type ResumeRule, resumeRules } from "./rules/index.js";
export { compareRecords, type RunFacts, recordRun } from "./runRecord.js";
