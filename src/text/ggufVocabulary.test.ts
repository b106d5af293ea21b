/** What ids and tokens of a tokenizer become in a GGUF file; llama.cpp's ids are compared in test/llamaCpp. */
import { expect, test } from "vitest";
import { ggufVocabulary } from "./ggufVocabulary.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { resolveChatTemplate } from "./resolveChatTemplate.js";
import { byteTokenizer, chatmlJinja, sentencePieceDirectory } from "./testTokenizers.js";

test("a row without a token has a name of its own, a token without a row is left out and named", async () => {
  const tokenizer = byteTokenizer(["a b"]); // 256 bytes, 1 merge, 2 special tokens
  const more = await ggufVocabulary(tokenizer, 262, null);
  const tokens = more.fields.get("tokenizer.ggml.tokens") as string[];
  expect(tokens.slice(256)).toEqual([
    "ab",
    "<|im_start|>",
    "<|im_end|>",
    "[PAD259]",
    "[PAD260]",
    "[PAD261]",
  ]);
  expect((more.fields.get("tokenizer.ggml.token_type") as Int32Array).slice(255)).toEqual(
    Int32Array.of(1, 1, 3, 3, 5, 5, 5),
  );
  expect(more.notes).toEqual([]);
  const fewer = await ggufVocabulary(tokenizer, 258, null);
  expect(fewer.fields.get("tokenizer.ggml.tokens")).toHaveLength(258);
  expect(fewer.fields.has("tokenizer.ggml.eos_token_id")).toBe(false);
  expect(fewer.notes.join()).toContain("<|im_end|>");
  const few = await ggufVocabulary(tokenizer, 10, null);
  expect(few.notes.join()).toMatch(/and 244 more/);
});

test("the end of turns, the template and what stands before a text are named", async () => {
  const tokenizer = byteTokenizer([], chatmlJinja);
  const template = resolveChatTemplate(undefined, tokenizer);
  const { fields, notes } = await ggufVocabulary(tokenizer, 258, template);
  expect(notes).toEqual([]);
  expect(Object.fromEntries(fields)).toMatchObject({
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "gpt-2",
    "tokenizer.ggml.add_bos_token": true,
    "tokenizer.ggml.add_eos_token": false,
    "tokenizer.ggml.bos_token_id": { uint32: 256 },
    "tokenizer.ggml.eos_token_id": { uint32: 257 },
    "tokenizer.chat_template": chatmlJinja,
  });
});

test("scores of a SentencePiece vocabulary fall in the order of its merges", async () => {
  const tokenizer = await loadTokenizer(sentencePieceDirectory);
  const { fields } = await ggufVocabulary(tokenizer, tokenizer.vocabSize, null);
  const scores = fields.get("tokenizer.ggml.scores") as Float32Array;
  const { merges } = tokenizer.files().tokenizerJson.model as { merges: (string | string[])[] };
  const results = merges.map((merge) => [merge].flat().join("").replace(" ", ""));
  const ranked = results.map((result) => scores[tokenizer.tokenToId(result)!]!);
  expect(ranked).toEqual([...ranked].sort((a, b) => b - a));
  expect(ranked[0]).toBe(-1);
});
