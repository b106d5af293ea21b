/** Loads the tokenizer of a model. */
import { readGgufMetadata } from "../format/index.js";
import { resolveModelPath } from "../util/builtin-model.js";
import { FormatError } from "../util/errors.js";
import { tokenizerFromGguf } from "./ggufTokenizer.js";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";
import { readTokenizerDirectory } from "./tokenizerFiles.js";

/**
 * Loads the tokenizer of a Hugging Face model directory, a .gguf file or a `builtin:` model.
 * @param options.preTokenizer for a GGUF file: cut text by this rule instead of the file's own
 * @throws FormatError when the files are missing or do not make a tokenizer
 */
export async function loadTokenizer(
  path: string,
  options: { preTokenizer?: string } = {},
): Promise<Tokenizer> {
  const resolved = resolveModelPath(path);
  if (!resolved.endsWith(".gguf")) return createTokenizer(readTokenizerDirectory(resolved));
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
      ...options,
      contextLength: typeof contextLength === "number" ? contextLength : undefined,
    }),
  );
}
