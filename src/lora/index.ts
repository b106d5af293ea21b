/** Adapters and 4-bit weights. */
export { type AdaptedLinear, adaptLinear, isAdapted } from "./adapter.js";
export {
  type AttachedAdapter,
  attachNewAdapter,
  describeAdapter,
} from "./attach.js";
export { checkNewAdapter } from "./checkNew.js";
export { dynamicMap, nf4Code } from "./codes.js";
export {
  type AdapterConfig,
  isAdapterDirectory,
  newAdapterConfig,
  readAdapterConfig,
  takesPart,
} from "./configFile.js";
export { expertNotes } from "./expertNotes.js";
export {
  adapterStack,
  addsOnly,
  loadAdapter,
  loadStack,
  restoreAdapter,
  saveAdapter,
  stackOptions,
} from "./files.js";
export { type GgufLoraPlan, planGgufLora } from "./ggufLora.js";
export { layeredLogits } from "./layeredLogits.js";
export type { Adapter } from "./lowRank.js";
export { mergeAdapters } from "./merge.js";
export { type MergedWeights, type MergeOptions, mergedWeights } from "./mergedWeights.js";
export { dequantizeNf4Tensor, type Nf4Tensor, quantizeNf4 } from "./nf4.js";
export { isQuantized, type QuantizedLinear, quantizedLinear, quantizeLinear } from "./nf4Linear.js";
export { isSaved, type LoraOptions, type LoraSettings } from "./settings.js";
export { setStrength } from "./strength.js";
export { embeddingName, headName, isTied, lastName, planAdapter } from "./targets.js";
export { unitsOf } from "./units.js";
