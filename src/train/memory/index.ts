/** Memory of a run: how much there is, what of it passes use, and what becomes of a pass that got none. */
export { type DryRunParts, dryRun, largestBatch } from "./dryRun.js";
export { explainOutOfMemory } from "./explain.js";
export { type PassMemory, planPassMemory } from "./passMemory.js";
export { guardHostMemory, memoryBytes, reservedBytes, roomOf } from "./room.js";
export {
  answerIfRoom,
  isSplit,
  type PassPlan,
  rememberPlan,
  tightestPlan,
  withSplitting,
} from "./splitting.js";
export { denseSequence, type TrialParts, tryStep, withFullGroup } from "./trialStep.js";
