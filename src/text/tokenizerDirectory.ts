/** The tokenizer of a Hugging Face model directory. */
import { readClassTokenizer } from "./classTokenizer.js";
import { parseAgain, readDirectoryFiles, type TokenizerFiles } from "./tokenizerFiles.js";

/**
 * @throws FormatError when the directory has no vocabulary, or one of a kind that is not known, or
 *   when a file is damaged
 */
export function readTokenizerDirectory(path: string): TokenizerFiles {
  const files = readDirectoryFiles(path);
  return files.contents.has("tokenizer.json") ? parseAgain(files) : readClassTokenizer(files);
}
