/** How many token ids a model has an embedding for, without its weights. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { openFile } from "./fileReader.js";
import { readGgufHeader } from "./ggufHeader.js";
import { readJsonObject } from "./json.js";
import { keyReader } from "./keyReader.js";

/**
 * Rows of a model's embedding: `vocab_size` of config.json, which its weights have to agree with, or
 * the shape in a GGUF file.
 *
 * @param path a model directory with config.json, or a GGUF file
 * @throws FormatError where the file cannot be read or does not say
 */
export function readVocabularySize(path: string): number {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    const file = join(path, "config.json");
    const keys = keyReader(readJsonObject(file), file);
    return keys.required("vocab_size", { whole: true, least: 1, most: 2 ** 31 });
  }
  const file = openFile(path);
  try {
    const rows = readGgufHeader(file).tensors.get("token_embd.weight")?.shape[0];
    return rows ?? keyReader({}, path).fail("token_embd.weight", "is missing");
  } finally {
    file.close();
  }
}
