/** Model families, their description, loading, passes without gradients, saving. */
export { asLlama } from "./asLlama.js";
export { type ModelConfig, parseModelConfig } from "./config.js";
export { configure, readModelConfig, writeModelConfig } from "./configFile.js";
export { countElements, describeModel } from "./describe.js";
export { dropoutNotes } from "./dropoutNotes.js";
export { forward, hiddenStates, logitsOf } from "./forward.js";
export { type GgufFileType, ggufFileTypes } from "./ggufMix.js";
export { type GgufPart, interleaveRows } from "./ggufTensors.js";
export { type GgufModel, type GgufPlan, ggufParts, planGguf } from "./ggufWrite.js";
export { type LoadOptions, loadModel } from "./load.js";
export { openModelWeights } from "./openModel.js";
export { outputGradient, outputWeight } from "./output.js";
export {
  consecutive,
  groupSequences,
  type PackedSequences,
  packSequences,
  type Sequence,
} from "./pack.js";
export {
  forgetStoredHead,
  headParameters,
  modelParameters,
  modelTensors,
  outerAdapters,
  ownWeights,
  trainAllParameters,
  trainableParameters,
} from "./parameters.js";
export { type ModelPiece, type ModelPieces, modelPieces } from "./pieces.js";
export {
  embedTokens,
  type PreparedModel,
  type PrepareOptions,
  packedGroup,
  prepareModel,
  productsOf,
  rotationsOf,
} from "./prepare.js";
export { modelFamily } from "./registry.js";
export { saveModel, weightEntries } from "./save.js";
export { sharedModel } from "./sharedModel.js";
export type {
  AttentionShape,
  CausalLanguageModel,
  EmbeddingAdapter,
  HeadAdapter,
  ModelBranch,
  ModelFamily,
  ModelReader,
  ModelSource,
} from "./types.js";
export { growVocabulary, makeTokenRows } from "./vocabulary.js";
export { readDTypes, writtenDTypes } from "./weightTypes.js";
