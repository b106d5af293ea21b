/** Cleaning: pipelines of named operators over conversations. */
export { type CleanOptions, type CleanResult, cleanFiles } from "./cleanFiles.js";
export { describeOptions, explainPipeline, type OptionDescription } from "./describe.js";
export { type AffectedRow, type DryRun, dryRunClean } from "./dryRun.js";
export type { CleanOperator } from "./operator.js";
export { cleanOperators } from "./operators/index.js";
export type { ScorePerplexity } from "./operators/perplexity.js";
export { type PipelineStep, parsePipeline, resolvePipeline } from "./pipeline.js";
export { type CleanPreset, cleanPresets } from "./presets.js";
export type { CleanReport } from "./report.js";
