/** Model families, loading and saving. */
export {
  embedTokens,
  forward,
  hiddenStates,
  logitsOf,
  modelTensors,
  type PreparedModel,
  packedGroup,
  preparedStates,
  prepareModel,
  trainableParameters,
} from "./forward.js";
export { type LoadOptions, loadModel } from "./load.js";
export { modelFamily } from "./registry.js";
export { saveModel } from "./save.js";
export type { CausalLanguageModel, ModelBranch } from "./types.js";
