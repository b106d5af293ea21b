/**
 * Weight files and configurations: safetensors, torch.save's, GGUF and config.json. Bytes in, named weights out,
 * streamed; hostile files are refused before anything is allocated for them.
 */

export { type FileReader, openFile } from "../util/fileReader.js";
export {
  type DequantizingReader,
  dequantizing,
  refuseOtherQuantization,
  type StoredFourBit,
} from "./bitsandbytes.js";
export { encodeBlocks, type GgufWrittenType } from "./ggufBlocks.js";
export type { GgufArray, GgufHeader, GgufScalar, GgufTensor, GgufValue } from "./ggufHeader.js";
export { type GgufMetadata, type GgufTokenizer, readGgufMetadata } from "./ggufMetadata.js";
export { ggufFileOf } from "./ggufPath.js";
export { ggmlType } from "./ggufTypes.js";
export { type GgufFile, readGguf, type StoredBlocks } from "./ggufWeights.js";
export { type GgufEntry, type GgufField, ggufEntryBytes, writeGgufFile } from "./ggufWriter.js";
export { readJsonObject } from "./json.js";
export { isObject, type KeyReader, keyReader } from "./keyReader.js";

export { openSafetensors, type SafetensorsFile } from "./safetensorsReader.js";
export { type ShardOptions, writeShardedSafetensors } from "./safetensorsShards.js";
export { entryBytes, type WeightEntry, writeSafetensors } from "./safetensorsWriter.js";
export { pieceType, readSentencePieceModel, type SentencePieceModel } from "./sentencePiece.js";
export { openTorchFile, type TorchFile } from "./torch/reader.js";
export { readVocabularySize } from "./vocabularySize.js";
export { openWeightDirectory, pickledWeights, weightNotes } from "./weightDirectory.js";
export {
  DEFAULT_CHUNK_ELEMENTS,
  elementCount,
  WEIGHT_DTYPE_BYTES,
  type WeightChunk,
  type WeightDType,
  type WeightInfo,
  type WeightReader,
} from "./weights.js";
