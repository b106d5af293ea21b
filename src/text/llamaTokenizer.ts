/** Files of a SentencePiece tokenizer under the name of a class that transformers and other programs have. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileStyle, stringifyJson } from "../util/json/index.js";
import { codeFiles, readTokenizerConfig } from "./tokenizerFiles.js";

/**
 * Names LlamaTokenizer in the files that `Tokenizer.save` wrote, in place of a class whose code comes
 * with the model, and removes that code. A tokenizer.json needs no class: nothing is changed then.
 *
 * @returns what should be known of it, a line each
 */
export function nameLlamaTokenizer(directory: string): string[] {
  const isThere = (name: string) => existsSync(join(directory, name));
  if (isThere("tokenizer.json") || !isThere("tokenizer.model")) return [];
  const config = readTokenizerConfig(directory);
  for (const name of codeFiles(config)) rmSync(join(directory, name), { force: true });
  const { auto_map: _, ...kept } = config;
  const written = stringifyJson({ ...kept, tokenizer_class: "LlamaTokenizer" }, fileStyle);
  writeFileSync(join(directory, "tokenizer_config.json"), `${written}\n`);
  return [
    "The tokenizer is named LlamaTokenizer: transformers 4 gives the same ids with use_fast=False; transformers 5 gives others where a text begins with a space or with a user-defined symbol.",
  ];
}
