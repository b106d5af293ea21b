/** Loads the tokenizer of a model. */
import { readGgufMetadata } from "../format/index.js";
import { resolveModelPath } from "../util/builtin-model.js";
import { FormatError } from "../util/errors.js";
import { tokenizerFromGguf } from "./ggufTokenizer.js";
import { createTokenizer, type Tokenizer, type TokenizerOptions } from "./tokenizer.js";
import { readTokenizerDirectory } from "./tokenizerDirectory.js";

/**
 * Loads the tokenizer of a Hugging Face model directory, a .gguf file or a `builtin:` model.
 * @throws FormatError when the files are missing or do not make a tokenizer; ConfigError where
 *   `fixAddedTokens` would make ordinary text of a token that the model needs
 */
export async function loadTokenizer(
  path: string,
  options: TokenizerOptions = {},
): Promise<Tokenizer> {
  const resolved = resolveModelPath(path);
  if (!resolved.endsWith(".gguf"))
    return createTokenizer(readTokenizerDirectory(resolved), options);
  const { values, tokenizer } = readGgufMetadata(resolved);
  if (!tokenizer) {
    throw new FormatError(`${resolved}: no tokenizer in the file`, {
      why: "its metadata have no tokenizer.ggml.tokens",
      todo: "use a complete GGUF file, or a model directory",
    });
  }
  const contextLength = values.get(`${values.get("general.architecture")}.context_length`);
  return createTokenizer(
    tokenizerFromGguf(tokenizer, resolved, {
      ...(options.preTokenizer === undefined ? {} : { preTokenizer: options.preTokenizer }),
      contextLength: typeof contextLength === "number" ? contextLength : undefined,
    }),
    options,
  );
}
