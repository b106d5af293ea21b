/**
 * Weight files and configurations: safetensors, GGUF and config.json. Bytes in, named weights out,
 * streamed; hostile files are refused before anything is allocated for them.
 */

export type { GgufArray, GgufScalar, GgufValue } from "./ggufHeader.js";
export { type GgufMetadata, type GgufTokenizer, readGgufMetadata } from "./ggufMetadata.js";
export {
  type ModelConfig,
  parseModelConfig,
  readModelConfig,
  writeModelConfig,
} from "./modelConfig.js";
export { openModelWeights } from "./openModel.js";
export type { RopeConfig, RopeScaling } from "./ropeScaling.js";
export { openSafetensorsDirectory } from "./safetensorsModel.js";
export { openSafetensors, type SafetensorsFile } from "./safetensorsReader.js";
export { type ShardOptions, writeShardedSafetensors } from "./safetensorsShards.js";
export { type WeightEntry, writeSafetensors } from "./safetensorsWriter.js";
export {
  DEFAULT_CHUNK_ELEMENTS,
  elementCount,
  WEIGHT_DTYPE_BYTES,
  type WeightChunk,
  type WeightDType,
  type WeightInfo,
  type WeightReader,
  type WeightSource,
} from "./weights.js";
