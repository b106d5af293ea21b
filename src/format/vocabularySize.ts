/** How many token ids a model has an embedding for, without its weights. */
import { join } from "node:path";
import { openFile } from "../util/fileReader.js";
import { readGgufHeader } from "./ggufHeader.js";
import { ggufFileOf } from "./ggufPath.js";
import { readJsonObject } from "./json.js";
import { keyReader } from "./keyReader.js";

/**
 * Rows of a model's embedding: `vocab_size` of config.json, which its weights have to agree with, or
 * the shape in a GGUF file.
 *
 * @param path a model directory with config.json, a directory whose only model is one GGUF file, or a
 *   GGUF file
 * @throws FormatError where the file cannot be read or does not say
 */
export function readVocabularySize(path: string): number {
  const gguf = ggufFileOf(path);
  if (gguf === undefined) {
    const file = join(path, "config.json");
    const keys = keyReader(readJsonObject(file), file);
    return keys.required("vocab_size", { whole: true, least: 1, most: 2 ** 31 });
  }
  const file = openFile(gguf);
  try {
    const rows = readGgufHeader(file).tensors.get("token_embd.weight")?.shape[0];
    return rows ?? keyReader({}, gguf).fail("token_embd.weight", "is missing");
  } finally {
    file.close();
  }
}
