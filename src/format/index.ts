/**
 * Weight files and configurations: safetensors, GGUF and config.json. Bytes in, named weights out,
 * streamed; hostile files are refused before anything is allocated for them.
 */

export { type FileReader, openFile } from "./fileReader.js";
export type { GgufArray, GgufHeader, GgufScalar, GgufTensor, GgufValue } from "./ggufHeader.js";
export { type GgufMetadata, type GgufTokenizer, readGgufMetadata } from "./ggufMetadata.js";
export { ggufFileOf } from "./ggufPath.js";
export { type GgufFile, readGguf } from "./ggufWeights.js";
export { readJsonObject } from "./json.js";
export { isObject, type KeyReader, keyReader } from "./keyReader.js";
export { openSafetensorsDirectory } from "./safetensorsModel.js";
export { openSafetensors, type SafetensorsFile } from "./safetensorsReader.js";
export { type ShardOptions, writeShardedSafetensors } from "./safetensorsShards.js";
export { type WeightEntry, writeSafetensors } from "./safetensorsWriter.js";
export { pieceType, readSentencePieceModel, type SentencePieceModel } from "./sentencePiece.js";
export { readVocabularySize } from "./vocabularySize.js";
export {
  DEFAULT_CHUNK_ELEMENTS,
  elementCount,
  WEIGHT_DTYPE_BYTES,
  type WeightChunk,
  type WeightDType,
  type WeightInfo,
  type WeightReader,
} from "./weights.js";
