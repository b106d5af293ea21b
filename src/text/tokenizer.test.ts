import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { FormatError } from "../util/errors.js";
import { loadTokenizer } from "./loadTokenizer.js";
import { byteTokenizer, chatmlJinja, sentencePieceDirectory } from "./testTokenizers.js";

const scratch = mkdtempSync(join(tmpdir(), "tunewright-text-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A copy of the small model directory with some files replaced. */
function directory(name: string, files: Record<string, unknown>): string {
  const path = join(scratch, name);
  cpSync(sentencePieceDirectory, path, { recursive: true });
  for (const [file, value] of Object.entries(files)) {
    writeFileSync(join(path, file), typeof value === "string" ? value : JSON.stringify(value));
  }
  return path;
}

const config = JSON.parse(
  readFileSync(join(sentencePieceDirectory, "tokenizer_config.json"), "utf8"),
);

describe("encoding", () => {
  const tokenizer = byteTokenizer(["a b"]);

  test("recognises special tokens in text unless told that it is plain", async () => {
    expect([...(await tokenizer.encode("ab<|im_end|>"))]).toEqual([256, 258]);
    const plain = await tokenizer.encode("ab<|im_end|>", { plain: true });
    expect(plain.length).toBeGreaterThan(10);
    expect(tokenizer.decode(plain)).toBe("ab<|im_end|>");
  });

  test("adds special tokens only when asked", async () => {
    expect([...(await tokenizer.encode("ab"))]).toEqual([256]);
    expect([...(await tokenizer.encode("ab", { addSpecialTokens: true }))]).toEqual([257, 256]);
  });

  test("keeps the order of a batch", async () => {
    const texts = Array.from({ length: 100 }, (_, index) => `text ${index}`);
    const encoded = await tokenizer.encodeBatch(texts);
    expect(encoded.map((ids) => tokenizer.decode(ids))).toEqual(texts);
    expect(await tokenizer.encodeBatch([])).toEqual([]);
  });

  test("says which token each place in a text falls on, beyond the basic plane too", async () => {
    const text = "ab😀你ab";
    const borders = [0, 2, 4, 5, 6, text.length];
    const [encoded] = await tokenizer.encodeBordered([{ text, borders }]);
    expect([...encoded!.ids]).toEqual([256, ...Buffer.from("😀你"), 256]);
    // The border inside the last "ab" falls behind the token that reaches over it.
    expect(encoded!.tokenIndexes).toEqual([0, 1, 5, 8, 9, 9]);
  });
});

describe("a model directory", () => {
  test("names its special tokens and the size that the embedding must have", async () => {
    const tokenizer = await loadTokenizer(sentencePieceDirectory);
    expect(tokenizer).toMatchObject({
      bosTokenId: 1,
      eosTokenId: 2,
      unkTokenId: 0,
      eosToken: "</s>",
    });
    expect(tokenizer.idToToken(tokenizer.vocabSize - 1)).toBe("<|im_end|>");
    expect(tokenizer.idToToken(tokenizer.vocabSize)).toBeUndefined();
    expect(tokenizer.tokenToId("<reserved_106>")).toBe(tokenizer.vocabSize - 4);
    expect(tokenizer.tokenToId("no such token")).toBeUndefined();
  });

  test("takes further end tokens from generation_config.json", async () => {
    const path = directory("ends", { "generation_config.json": { eos_token_id: [2, 9] } });
    expect((await loadTokenizer(path)).eosTokenIds).toEqual([2, 9]);
  });

  test("adds the tokens that only tokenizer_config.json has", async () => {
    const { vocabSize } = await loadTokenizer(sentencePieceDirectory);
    const added_tokens_decoder = { [vocabSize]: { content: "<pad>", special: true } };
    const path = directory("added", {
      "tokenizer_config.json": { ...config, added_tokens_decoder, pad_token: { content: "<pad>" } },
    });
    const tokenizer = await loadTokenizer(path);
    expect(tokenizer).toMatchObject({ vocabSize: vocabSize + 1, padTokenId: vocabSize });
    expect((await tokenizer.encode("<pad>")).at(-1)).toBe(vocabSize);
  });

  test("ignores truncation and padding that were saved with it", async () => {
    const json = JSON.parse(readFileSync(join(sentencePieceDirectory, "tokenizer.json"), "utf8"));
    json.truncation = { direction: "Right", max_length: 2, strategy: "LongestFirst", stride: 0 };
    const tokenizer = await loadTokenizer(directory("truncated", { "tokenizer.json": json }));
    expect((await tokenizer.encode("a b c d e f")).length).toBeGreaterThan(2);
  });

  test.each([
    ["missing", {}, /model directory not found/],
    ["broken", { "tokenizer.json": "{" }, /tokenizer\.json: not valid JSON/],
    ["modelless", { "tokenizer.json": {} }, /has no model/],
    [
      "refused",
      { "tokenizer.json": { added_tokens: [], model: { type: "?", vocab: {} } } },
      /cannot be built/,
    ],
  ])("that is %s is refused clearly", async (name, files, message) => {
    const path = name === "missing" ? join(scratch, "missing") : directory(name, files);
    const failure = await loadTokenizer(path).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FormatError);
    expect(String(failure)).toMatch(message);
  });
});

test("a saved tokenizer loads with the same ids, special tokens and template", async () => {
  const tokenizer = byteTokenizer(["a b", "Ġ ab"], chatmlJinja);
  const path = join(scratch, "saved", "deep");
  tokenizer.save(path);
  const loaded = await loadTokenizer(path);
  const text = "ab  ab\n你好<|im_end|>";
  expect(await loaded.encode(text)).toEqual(await tokenizer.encode(text));
  expect(loaded).toMatchObject({
    vocabSize: tokenizer.vocabSize,
    bosTokenId: tokenizer.bosTokenId,
    eosTokenIds: tokenizer.eosTokenIds,
    chatTemplates: new Map([["default", chatmlJinja]]),
  });
});
