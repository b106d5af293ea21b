/** Evaluations on disk. */
export {
  clearEvaluation,
  type EvaluationFolder,
  finishedResults,
  openEvaluationFolder,
} from "./evaluationFolder.js";
export { type ModelUse, modelIdentity } from "./modelIdentity.js";
export { type ResultsFile, type RunFacts, resultsFile } from "./resultsFile.js";
export type { Settings } from "./settings.js";
