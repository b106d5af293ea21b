/** Parts of networks: values and their record, linear layers, norms, positions, attention, losses. */
export {
  type AttentionOptions,
  cachedAttention,
  causalAttention,
  type SequenceLengths,
} from "./attention.js";
export { alibiSlopes, rowBias } from "./attentionBias.js";
export {
  attendWithin,
  type Branch,
  backwardBranches,
  forwardBranches,
  type PassOptions,
  type ProductGroup,
  recordBranches,
  type StackRecords,
  type TokenGroup,
} from "./branches.js";
export { keyedDropout, type MaskRows } from "./dropout.js";
export {
  combineTokens,
  dispatchTokens,
  type ExpertSlots,
  joinExperts,
  sortByExpert,
  splitExperts,
  weighSlots,
} from "./experts.js";
export { geglu, swiglu } from "./gated.js";
export { joinColumns, splitColumns, splitGroups, splitHeads } from "./heads.js";
export { isJoined, type JoinedLinear, joinLinears } from "./joined.js";
export {
  type AffineLayer,
  addProduct,
  affine,
  denseLinear,
  type Linear,
  type LinearPart,
  nameStack,
  product,
  productOf,
  stackParts,
} from "./linear.js";
export {
  type LogitsLayer,
  type LossGradients,
  type LossTargets,
  linearCrossEntropy,
} from "./loss.js";
export { type NormStyle, rmsNorm } from "./norm.js";
export {
  gatheredAttention,
  type PagedLayer,
  type PagedText,
  type PageTable,
  pagedAttention,
  pageTable,
  slotOf,
  slotTable,
} from "./pagedAttention.js";
export {
  type Parameter,
  type PreparedWeights,
  parameter,
  prepareWeights,
} from "./parameter.js";
export {
  addGradient,
  backward,
  constant,
  createRecord,
  dropValues,
  gradientOf,
  type KeepBudget,
  type OperationDescription,
  type OperationRecord,
  operate,
  recordedInput,
  tensorOf,
  type Value,
} from "./record.js";
export {
  type RopeParameters,
  type RopeScaling,
  type RotaryPairs,
  type RotaryTable,
  type RotaryTables,
  ropeFrequencies,
  rotary,
  rotaryTable,
  rotaryTables,
  rotationRegime,
  trainedPositions,
  yarnMagnitude,
} from "./rope.js";
export {
  chooseExperts,
  type ExpertChoice,
  type ExpertWeighting,
  expertWeights,
  routerLogits,
} from "./router.js";
export { rowAttention } from "./rowAttention.js";
export { type StoredType, type StoredWeights, storedAs, storedTypes } from "./stored.js";
export {
  isStored,
  type StoredLinear,
  type StoredRows,
  storedLayer,
  storedWeights,
} from "./storedLayer.js";
export { sumValues } from "./sum.js";
export { type SharedBeginning, type TextNode, treeAttention } from "./treeAttention.js";
