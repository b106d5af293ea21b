import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { readSentencePieceModel } from "../format/index.js";
import { FormatError } from "../util/errors.js";
import { loadTokenizer } from "./loadTokenizer.js";

const fixtures = fileURLToPath(new URL("../../test/parity/fixtures/tokenizers/", import.meta.url));

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder with JSON files and, where it is named, a vocabulary. */
function folderOf(
  files: Record<string, unknown>,
  vocabulary?: string | Uint8Array,
  name = "tokenizer.model",
): string {
  const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
  folders.push(folder);
  if (typeof vocabulary === "string") copyFileSync(join(fixtures, vocabulary), join(folder, name));
  else if (vocabulary) writeFileSync(join(folder, name), vocabulary);
  for (const [file, value] of Object.entries(files)) {
    writeFileSync(join(folder, file), JSON.stringify(value));
  }
  return folder;
}

const classNamed = (name: string) => ({ "tokenizer_config.json": { tokenizer_class: name } });
const load = (name: string) => loadTokenizer(folderOf(classNamed(name), "bpe.model"));

describe("a folder without tokenizer.json", () => {
  test.each([
    ["has no vocabulary", folderless({}), "copy tokenizer.json, or tokenizer.model"],
    [
      "names an unknown class",
      folderless(classNamed("XverseTokenizer"), "bpe.model"),
      "LlamaTokenizer",
    ],
    ["names no class", folderless({}, "bpe.model"), "AutoTokenizer.from_pretrained"],
    [
      "names a class of another kind",
      folderless(classNamed("QWenTokenizer"), "bpe.model"),
      "QWenTokenizer",
    ],
    ["has a tiktoken file of no class", folderless({}, "qwen.tiktoken"), "it has 500 tokens"],
    [
      "has a file of no kind",
      folderless(classNamed("LlamaTokenizer"), Buffer.from("PK\x03\x04")),
      "model",
    ],
  ])("is refused when it %s", async (_, folder, what) => {
    const failure = await loadTokenizer(folder()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FormatError);
    const { message, why, todo } = failure as FormatError;
    expect(`${message} ${why} ${todo}`).toContain(what);
  });

  test("has the class of its kind of model where it names none", async () => {
    const folder = folderOf({ "config.json": { model_type: "baichuan" } }, "bpe.model");
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.eosToken).toBe("</s>");
    expect([...(await tokenizer.encode("", { addSpecialTokens: true }))]).toEqual([1]);
  });
});

function folderless(files: Record<string, unknown>, vocabulary?: string | Uint8Array) {
  return () => folderOf(files, vocabulary);
}

describe("a SentencePiece model", () => {
  const whole = readFileSync(join(fixtures, "unigram.model"));

  test("that was cut off is refused, wherever it ends", () => {
    for (let length = 0; length < whole.length; length += 97) {
      try {
        readSentencePieceModel(whole.subarray(0, length), "cut.model");
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
      }
    }
    expect(() => readSentencePieceModel(whole.subarray(0, 5000), "cut.model")).toThrow(FormatError);
  });

  test("of random bytes is refused", () => {
    for (let seed = 1; seed < 50; seed++) {
      const bytes = Uint8Array.from({ length: 200 }, (_, at) => (seed * (at + 7) * 7919) >>> 3);
      expect(() => readSentencePieceModel(bytes, "random.model")).toThrow(FormatError);
    }
  });
});

describe("Baichuan's kind of tokenizer", () => {
  test("cuts digits one by one and adds neither BOS nor EOS", async () => {
    const config = { tokenizer_class: "BaichuanTokenizer", add_bos_token: false };
    const tokenizer = await loadTokenizer(
      folderOf({ "tokenizer_config.json": config }, "bpe.model"),
    );
    const ids = await tokenizer.encode("2024", { addSpecialTokens: true });
    expect([...ids].map(tokenizer.idToToken)).toEqual(["▁", "2", "0", "2", "4"]);
  });

  test("gives <pad> of added_tokens.json the number that stands there, beyond the vocabulary", async () => {
    const files = { ...classNamed("BaichuanTokenizer"), "added_tokens.json": { "<pad>": 900 } };
    const tokenizer = await loadTokenizer(folderOf(files, "bpe.model"));
    expect(tokenizer.tokenToId("<pad>")).toBe(900);
    expect(tokenizer.vocabSize).toBe(901);
  });

  test("finds user-defined symbols, except where text is to be plain", async () => {
    const tokenizer = await load("BaichuanTokenizer");
    const id = tokenizer.tokenToId("<reserved_1>")!;
    expect(tokenizer.addedTokens).toContain("<reserved_1>");
    expect([...(await tokenizer.encode("a<reserved_1>b"))]).toContain(id);
    const plain = await tokenizer.encode("a<reserved_1>b</s>", { plain: true });
    expect([...plain]).not.toContain(id);
    expect([...plain]).not.toContain(2);
    expect(tokenizer.decode(plain)).toBe("a<reserved_1>b</s>");
  });
});

describe.each([
  ["added_tokens.json", {}],
  [
    "tokenizer_config.json",
    { added_tokens_decoder: { 899: { content: "<last>", special: true } } },
  ],
])("new tokens, listed in %s", (file, more) => {
  test("stand behind all others, also in the files that are saved", async () => {
    const config = { tokenizer_class: "BaichuanTokenizer", ...more };
    const folder = folderOf({ "tokenizer_config.json": config }, "bpe.model");
    const tokenizer = await loadTokenizer(folder, { newTokens: ["<tool>", "工具"] });
    const saved = folderOf({});
    tokenizer.save(saved);
    expect(readFileSync(join(saved, file), "utf8")).toContain("<tool>");
    for (const one of [tokenizer, await loadTokenizer(saved)]) {
      expect(one.vocabSize).toBe(902);
      expect([...(await one.encode("<tool>工具"))]).toEqual([900, 901]);
      expect(one.decode([900, 901])).toBe("<tool>工具");
    }
  });
});

test("a token of added_tokens.json without a row becomes ordinary text where that is wanted", async () => {
  const files = { ...classNamed("BaichuanTokenizer"), "added_tokens.json": { "<pad>": 900 } };
  const folder = folderOf(files, "bpe.model");
  const options = { embeddingRows: 900, fixAddedTokens: true };
  const tokenizer = await loadTokenizer(folder, options);
  expect(tokenizer.tokensWithoutRow).toEqual([{ text: "<pad>", id: 900 }]);
  const ids = await tokenizer.encode("a<pad>");
  expect(Math.max(...ids)).toBeLessThan(900);
  expect(tokenizer.decode(ids)).toBe("a<pad>");
});

test("borders fall on the tokens that start there", async () => {
  const tokenizer = await load("LlamaTokenizer");
  const text = "the model</s>你好 😀 reads";
  const borders = [0, 3, 4, 9, 13, 15, 16, 19, text.length];
  const [{ ids, tokenIndexes } = { ids: [], tokenIndexes: [] }] = await tokenizer.encodeBordered([
    { text, borders },
  ]);
  const before = (border: number) => tokenizer.decode([...ids].slice(0, tokenIndexes[border]));
  expect(tokenIndexes[0]).toBe(0);
  expect(before(1)).toBe("the");
  expect(before(3)).toBe("the model");
  expect(before(4)).toBe("the model</s>");
  expect(before(5)).toBe("the model</s> 你好");
  expect(tokenIndexes.at(-1)).toBe(ids.length);
});

test.each(["LlamaTokenizer", "ChatGLMTokenizer"])(
  "%s: the beginning of a text gets the tokens that it has in the whole",
  async (name) => {
    const model = name === "ChatGLMTokenizer" ? "unigram-bytes.model" : "bpe.model";
    const tokenizer = await loadTokenizer(folderOf(classNamed(name), model));
    const text = "The model reads 12 rows, 汉字 and 😀 too. ".repeat(40);
    const whole = await tokenizer.encode(text);
    const [part] = await tokenizer.encodeBordered([
      { text: text.slice(0, 900), borders: [100], partial: true },
    ]);
    expect(part!.ids.length).toBeGreaterThan(200);
    expect(part!.ids).toEqual(whole.slice(0, part!.ids.length));
  },
);

test("streamed text has whole characters only", async () => {
  const tokenizer = await load("LlamaTokenizer");
  const text = "你好😀 émoji 👩‍👩‍👧 龘靐";
  const stream = tokenizer.decodeStream();
  let shown = "";
  for (const id of await tokenizer.encode(text)) {
    const fresh = stream.push(id);
    expect(fresh).not.toMatch(/\ufffd|[\ud800-\udbff]$/);
    shown += fresh;
  }
  expect(shown + stream.flush()).toBe(text);
});

describe("Llama 3's tokenizer.model", () => {
  const ranks = () => {
    const lines: string[] = [];
    for (let byte = 0; byte < 256; byte++) lines.push(Buffer.of(byte).toString("base64"));
    // Tokens that no text has fill it up to Llama 3's number.
    for (let rank = 256; rank < 128_000; rank++) {
      lines.push(Buffer.from([0, rank >> 16, (rank >> 8) & 255, rank & 255]).toString("base64"));
    }
    return Buffer.from(lines.map((line, rank) => `${line} ${rank}\n`).join(""));
  };

  test("has the special tokens of Llama 3, or of 3.1", async () => {
    const bytes = ranks();
    const three = await loadTokenizer(folderOf({}, bytes));
    expect(three.vocabSize).toBe(128_256);
    expect(three.idToToken(128_008)).toBe("<|reserved_special_token_4|>");
    expect(three.idToToken(128_255)).toBe("<|reserved_special_token_250|>");
    const params = { "params.json": { use_scaled_rope: true } };
    const newer = await loadTokenizer(folderOf(params, bytes));
    expect(newer.idToToken(128_008)).toBe("<|eom_id|>");
    expect(newer.idToToken(128_010)).toBe("<|python_tag|>");
    expect(newer.idToToken(128_255)).toBe("<|reserved_special_token_247|>");
    for (const tokenizer of [three, newer]) {
      const ids = await tokenizer.encode("a<|eot_id|>", { addSpecialTokens: true });
      expect([...ids]).toEqual([128_000, 97, 128_009]);
    }
  });

  test("is refused where a line is damaged", async () => {
    const bytes = Buffer.from(ranks().toString("latin1").replace(" 300\n", " 301\n"), "latin1");
    await expect(loadTokenizer(folderOf({}, bytes))).rejects.toThrow("tokenizer.model:301");
  });
});
