/** What a run will need, known before anything is loaded. */
export { type AdviceParts, adviseChanges } from "./advice.js";
export { otherGpu, settleBatchSize } from "./batchSize.js";
export {
  findMemory,
  type MemoryEstimate,
  type MemoryFindings,
} from "./estimate.js";
export type { RehearsalParts } from "./rehearsal.js";
