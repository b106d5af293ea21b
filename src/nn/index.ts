/** Parts of networks: linear layers, norms, positions, attention, losses, recomputation. */
export { cachedAttention, causalAttention } from "./attention.js";
export { keyedDropout } from "./dropout.js";
export {
  type Apply,
  denseLinear,
  type LayerGroup,
  type Linear,
  type LinearPart,
  type Preparation,
  stackParts,
  undefinedOutput,
} from "./linear.js";
export { linearCrossEntropy } from "./loss.js";
export { rmsNorm } from "./norm.js";
export {
  type Branch,
  type BranchGradients,
  backwardBranches,
  forwardBranches,
  type KeptActivations,
  type PreparedBranch,
  type TokenGroup,
} from "./recompute.js";
export {
  type RopeParameters,
  type RopeTable,
  ropeFrequencies,
  ropeTable,
  rotatedHeads,
} from "./rope.js";
export { swiglu } from "./swiglu.js";
export { newTape, remembered, type Tape } from "./tape.js";
