/** Loads the tokenizer of a model. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { ggufFileOf, readGgufMetadata } from "../format/index.js";
import { resolveModelPath } from "../util/builtin-model.js";
import { FormatError } from "../util/errors.js";
import { tokenizerFromGguf } from "./ggufTokenizer.js";
import { createTokenizer, type Tokenizer, type TokenizerOptions } from "./tokenizer.js";
import { readTokenizerDirectory } from "./tokenizerDirectory.js";
import { vocabularyFiles } from "./tokenizerFiles.js";

/**
 * Loads the tokenizer of a Hugging Face model directory, a .gguf file or a `builtin:` model. A directory whose
 * only model is a GGUF file has the tokenizer of that file, unless it has files of one.
 * @throws FormatError when the files are missing or do not make a tokenizer; ConfigError where
 *   `fixAddedTokens` would make ordinary text of a token that the model needs
 */
export async function loadTokenizer(
  path: string,
  options: TokenizerOptions = {},
): Promise<Tokenizer> {
  const resolved = resolveModelPath(path);
  const gguf = ggufWithTokenizer(resolved);
  if (gguf === undefined) return createTokenizer(readTokenizerDirectory(resolved), options);
  const { values, tokenizer } = readGgufMetadata(gguf);
  if (!tokenizer) {
    throw new FormatError(`${gguf}: no tokenizer in the file`, {
      why: "its metadata have no tokenizer.ggml.tokens",
      todo: "use a complete GGUF file, or a model directory",
    });
  }
  const contextLength = values.get(`${values.get("general.architecture")}.context_length`);
  return createTokenizer(
    tokenizerFromGguf(tokenizer, gguf, {
      ...(options.preTokenizer === undefined ? {} : { preTokenizer: options.preTokenizer }),
      contextLength: typeof contextLength === "number" ? contextLength : undefined,
    }),
    options,
  );
}

/** The GGUF file whose tokenizer a path means; undefined where it means a directory's own files. */
function ggufWithTokenizer(path: string): string | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    return path.endsWith(".gguf") ? path : undefined;
  }
  const hasFiles = vocabularyFiles.some((name) => existsSync(join(path, name)));
  return hasFiles ? undefined : ggufFileOf(path);
}
