/** Opens a model wherever it is: a directory in Hugging Face's layout or a GGUF file. */
import { existsSync } from "node:fs";
import {
  type DequantizingReader,
  dequantizing,
  ggufFileOf,
  openFile,
  openWeightDirectory,
  refuseOtherQuantization,
} from "../format/index.js";
import { FormatError } from "../util/errors.js";
import { readModelConfig } from "./configFile.js";
import { readGgufModel } from "./ggufModel.js";
import type { ModelSource } from "./types.js";

/**
 * Opens a model's configuration and weights; no weight is read before it is asked for.
 * @param path a directory with config.json and weights (*.safetensors or pytorch_model*.bin), a directory whose only model is
 * one GGUF file, or a GGUF file
 * @throws FormatError when nothing readable is there; ConfigError for a family that is not supported
 */
export function openModelWeights(path: string): ModelSource {
  if (!existsSync(path)) {
    throw new FormatError(`${path}: does not exist`, {
      todo: "give a model directory (config.json and *.safetensors or pytorch_model*.bin) or a .gguf file",
    });
  }
  const gguf = ggufFileOf(path);
  if (gguf !== undefined) return readGgufModel(openFile(gguf));
  const config = readModelConfig(path);
  refuseOtherQuantization(config.raw, path);
  return { kind: "directory", config, ...openDequantized(path) };
}

/** The weights of a directory, with values in place of bitsandbytes' codes. */
function openDequantized(path: string): DequantizingReader {
  const weights = openWeightDirectory(path);
  try {
    return dequantizing(weights, path);
  } catch (error) {
    weights.close();
    throw error;
  }
}
