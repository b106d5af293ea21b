/** Opens a model wherever it is: a directory in Hugging Face's layout or a GGUF file. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { FormatError } from "../util/errors.js";
import { openGguf } from "./ggufWeights.js";
import { openSafetensorsModel } from "./safetensorsModel.js";
import type { WeightSource } from "./weights.js";

/**
 * Opens a model's configuration and weights; no weight is read before it is asked for.
 * @param path a directory with config.json and safetensors files, a directory whose only model is
 * one GGUF file, or a GGUF file
 * @throws FormatError when nothing readable is there
 */
export function openModelWeights(path: string): WeightSource {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) {
    throw new FormatError(`${path}: does not exist`, {
      todo: "give a model directory (config.json and *.safetensors) or a .gguf file",
    });
  }
  if (!stats.isDirectory()) return openGguf(path);
  const files = readdirSync(path);
  const gguf = files.filter((name) => name.endsWith(".gguf"));
  if (gguf.length === 1 && !files.some((name) => /\.safetensors(\.index\.json)?$/.test(name))) {
    return openGguf(join(path, gguf[0] ?? ""));
  }
  return openSafetensorsModel(path);
}
