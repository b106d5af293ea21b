/** What a run keeps of its configuration. Entered by itself, this folder needs no libtorch. */
export {
  type RunConfig,
  readRunConfig,
  type StoredRunConfig,
  writeRunConfig,
} from "./runConfig.js";
