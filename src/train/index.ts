/** Supervised fine-tuning: configuration, schedules, events, checkpoints and the run directory. */
export { openBenchmarks } from "./benchmarks.js";
export * from "./checkpoint/index.js";
export * from "./config/index.js";
export { configOfRun, openRunText, sourceNames } from "./configOfRun.js";
export { settleAdapters } from "./continued.js";
export { probeDevice } from "./deviceFacts.js";
export { openDialogue } from "./dialogue.js";
export * from "./events/index.js";
export { type FlopBatch, modelFlopsUtilization, totalFlos, trainingFlops } from "./flops.js";
export { createGradients, disposeGradients, type Gradients } from "./gradients.js";
export { largestBatch, reservedBytes, roomOf } from "./memory/index.js";
export { newTokensOf } from "./newTokens.js";
export { evaluationPass, type Sequence, trainingPass } from "./pass.js";
export { measurePeak, peakRate } from "./peakRate.js";
export { choosePrecision, type ProductPrecision } from "./precision.js";
export {
  type AdviceParts,
  adviseChanges,
  findMemory,
  type MemoryEstimate,
  type MemoryFindings,
  otherGpu,
  type RehearsalParts,
  settleBatchSize,
} from "./preflight/index.js";
export { createProgress, formatBytes, type Progress } from "./progress.js";
export { heldOut, readingOptions } from "./readingOptions.js";
export { runPretrain, runSft, runTraining } from "./recipes/index.js";
export {
  compareCheckpoint,
  compareRecords,
  joinDifferences,
  linesOf,
  type RunFacts,
  recordRun,
  resumeRules,
} from "./resume/index.js";
export type { RunOptions, RunResult } from "./run.js";
export { type RunConfig, readRunConfig, writeRunConfig } from "./runConfig/index.js";
export { openRunDirectory, type RunDirectory, refuseOutput } from "./runDirectory.js";
export { encodeSamplePrompts } from "./samples.js";
export { checkpointBytes, resultBytes } from "./savedSize.js";
export {
  countIntervalSteps,
  countWarmupSteps,
  createSchedule,
  type ScheduleOptions,
  warmupNotes,
} from "./schedule.js";
export { skippedRowsName } from "./skippedRows.js";
export { describeTrainedModel, fetchBaseModel } from "./trainedModel.js";
export { countWorkers, evalFiles, openText, resolveFiles } from "./trainingFiles.js";
export { planSteps, type StepPlan } from "./window.js";
export { openWorld } from "./world.js";
