/** Small tokenizers for tests. */
import { fileURLToPath } from "node:url";
import type { GgufTokenizer } from "../format/index.js";
import { byteAlphabet } from "./byteLevel/index.js";
import { tokenizerFromGguf } from "./ggufTokenizer.js";
import { createTokenizer, type Tokenizer } from "./tokenizer.js";

/** A directory with a SentencePiece-like tokenizer, as transformers saved it. */
export const sentencePieceDirectory = fileURLToPath(
  new URL("../../test/parity/fixtures/text/tiny-sentencepiece", import.meta.url),
);

/**
 * A byte-level tokenizer in which ids 0 to 255 are bytes, then come the results of `merges`, then
 * the special tokens `<|im_start|>` and `<|im_end|>` (also the end token).
 */
export function byteTokenizer(merges: string[] = [], chatTemplate?: string): Tokenizer {
  const special = ["<|im_start|>", "<|im_end|>"];
  const merged = merges.map((merge) => merge.replace(" ", ""));
  const tokens = [...byteAlphabet, ...merged, ...special];
  const gguf: GgufTokenizer = {
    model: "gpt2",
    pre: "gpt-2",
    tokens,
    tokenTypes: Int32Array.from(tokens, (token) => (special.includes(token) ? 3 : 1)),
    scores: undefined,
    merges,
    bosTokenId: tokens.length - 2,
    eosTokenId: tokens.length - 1,
    eotTokenId: undefined,
    unknownTokenId: undefined,
    paddingTokenId: undefined,
    addBosToken: true,
    addEosToken: undefined,
    addSpacePrefix: undefined,
    chatTemplate,
  };
  return createTokenizer(tokenizerFromGguf(gguf, "byte-level.gguf"));
}

export const chatmlJinja =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
