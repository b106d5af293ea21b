/** The same words and ids as the native library, for every kind of text that is not left to it. */
import { Tokenizer as NativeTokenizer } from "tokenizers";
import { describe, expect, test } from "vitest";
import type { GgufTokenizer } from "../../format/index.js";
import { randomNumbers } from "../../util/testRandom.js";
import { tokenizerFromGguf } from "../ggufTokenizer.js";
import { createNativeEncoder } from "../native.js";
import { preTokenizerRules } from "../preTokenizers.js";
import { createTokenizer } from "../tokenizer.js";
import type { TokenizerFiles } from "../tokenizerFiles.js";
import { byteAlphabet } from "./byteAlphabet.js";
import { type ByteLevelEncoder, createByteLevelEncoder } from "./byteLevelEncoder.js";
import { isSteady, steadyRanges } from "./steadyCharacters.js";
import { wordSplitter } from "./wordSplitter.js";

const kinds = ["gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o"];

/** Merges of random neighbours in a small alphabet, so that most texts of it have many. */
function randomMerges(seed: number, count: number): string[] {
  const random = randomNumbers(seed);
  const tokens = [..."abcdeĠst'1.", "ä", "½", "ł"];
  const merges = new Map<string, string>();
  while (merges.size < count) {
    const [left, right] = [tokens[random(tokens.length)]!, tokens[random(tokens.length)]!];
    if (left.length + right.length > 12 || merges.has(left + right)) continue;
    merges.set(left + right, `${left} ${right}`);
    tokens.push(left + right);
  }
  return [...merges.values()];
}

function filesOf(pre: string, merges: string[], special: string[] = ["<|end|>"]): TokenizerFiles {
  const merged = merges.map((merge) => merge.replace(" ", ""));
  const tokens = [...byteAlphabet, ...merged, ...special];
  const gguf: GgufTokenizer = {
    model: "gpt2",
    pre,
    tokens,
    scores: undefined,
    merges,
    tokenTypes: Int32Array.from(tokens, (token) => (special.includes(token) ? 3 : 1)),
    bosTokenId: tokens.length - 1,
    eosTokenId: tokens.length - 1,
    eotTokenId: undefined,
    unknownTokenId: undefined,
    paddingTokenId: undefined,
    addBosToken: false,
    addEosToken: undefined,
    addSpacePrefix: undefined,
    chatTemplate: undefined,
  };
  return tokenizerFromGguf(gguf, "random.gguf");
}

function encoderOf({ tokenizerJson }: TokenizerFiles): ByteLevelEncoder {
  const encoder = createByteLevelEncoder(tokenizerJson, tokenizerJson.added_tokens);
  if (!encoder) throw new Error("this tokenizer is left to the native library");
  return encoder;
}

describe.each(kinds)("words of %s", (pre) => {
  const rules = preTokenizerRules(pre)!;
  const split = wordSplitter(rules.pre_tokenizer)!;
  const { tokenizerJson } = filesOf(pre, []);
  const native = NativeTokenizer.fromString(JSON.stringify({ ...tokenizerJson, normalizer: null }));

  /** Where words end, in bytes. */
  async function nativeEnds(text: string): Promise<number[]> {
    const words = (await native.encode(text)).getWordIds();
    return words.flatMap((word, at) => (word === words[at + 1] ? [] : [at + 1]));
  }
  function ownEnds(text: string): number[] {
    let end = 0;
    return split(text).map((word) => {
      end += Buffer.byteLength(word);
      return end;
    });
  }

  test("are the library's around steady characters", async () => {
    const around = (c: string) => `a${c}b ${c}${c}7${c} ${c}B'${c}S  ${c}\n${c} \r\n.${c}!  \n`;
    for (const [first, last] of steadyRanges) {
      // Every one of them, but of the Chinese characters and Korean syllables some.
      const step = last - first > 4000 ? 41 : 1;
      for (let start = first; start <= last; start += 256 * step) {
        const count = Math.min(256, Math.ceil((last + 1 - start) / step));
        const characters = Array.from({ length: count }, (_, i) =>
          String.fromCodePoint(start + i * step),
        );
        const text = characters.map(around).join("");
        expect(isSteady(text)).toBe(true);
        const [own, expected] = [ownEnds(text), await nativeEnds(text)];
        // Comparing as text is quick, and long lists are not worth printing.
        expect(own.join() === expected.join(), `U+${start.toString(16)}`).toBe(true);
      }
    }
  });

  test("are the library's in random texts", async () => {
    const random = randomNumbers(7);
    const parts = [
      "a",
      "B",
      "'s",
      "'LL",
      "’t",
      " ",
      "  ",
      "\n",
      "\r\n",
      "\t",
      "1",
      "23",
      "你",
      "好。",
    ];
    parts.push("é", "e\u0301", "！", "😀", "-", "/", "//", "\u3000", "Ⅻ", "½", "x̱", "K", "ǅ", "ʰ");
    for (let round = 0; round < 300; round++) {
      let text = "";
      for (let i = 0; i < 60; i++) text += parts[random(parts.length)];
      expect(ownEnds(text), JSON.stringify(text)).toEqual(await nativeEnds(text));
    }
  });
});

describe("ids", () => {
  const alphabet = [..."abcdest  '1.\n", "ä", "½", "你", "€", "<|end|>", "Ł"];

  test.each([
    ["gpt-2", 300],
    ["llama-bpe", 1500],
    ["qwen2", 1500],
  ])("are the library's for random merges (%s, %d)", async (pre, count) => {
    for (const seed of [1, 2, 3]) {
      const files = filesOf(pre, randomMerges(seed, count));
      const own = encoderOf(files);
      const native = createNativeEncoder(files, false);
      const random = randomNumbers(seed + 100);
      const texts = Array.from({ length: 120 }, (_, round) => {
        let text = "";
        for (let i = random(round === 0 ? 8000 : 300); i > 0; i--) {
          text += alphabet[random(alphabet.length)];
        }
        const borders = Array.from({ length: 8 }, () => random(text.length + 1));
        return { text, borders: borders.sort((a, b) => a - b) };
      });
      texts.push({ text: "abcde".repeat(4000), borders: [17, 9999] }, { text: "", borders: [0] });
      const expected = await native.encodeBordered(texts);
      for (const [index, entry] of texts.entries()) {
        expect(own(entry), JSON.stringify(entry)).toEqual(expected[index]);
      }
    }
  });

  test("of a text that goes on are a beginning of those of the whole", () => {
    const own = encoderOf(filesOf("llama-bpe", randomMerges(4, 1500)));
    const random = randomNumbers(4);
    for (let round = 0; round < 50; round++) {
      let text = "";
      for (let i = 0; i < 900; i++) text += alphabet[random(alphabet.length)];
      const whole = own({ text, borders: [] })!.ids;
      const part = text.slice(0, 700);
      if (!isSteady(part)) continue;
      const { ids, tokenIndexes } = own({ text: part, borders: [10, 690], partial: true })!;
      expect(ids.length).toBeGreaterThan(0);
      expect(whole.slice(0, ids.length)).toEqual(ids);
      expect(tokenIndexes[1]).toBe(ids.length);
    }
  });

  test("of added tokens: the leftmost, then the longest, wherever they stand", async () => {
    const files = filesOf("gpt-2", [], ["<a>", "<a><b>", "a>", "(x)[y]", "^$\\"]);
    const texts = ["<a><b><a>a>", "x(x)[y]^$\\ (x)", "<<a>><a", "^$\\^$"];
    const native = createNativeEncoder(files, false);
    const own = encoderOf(files);
    for (const text of texts) {
      expect(own({ text, borders: [] })!.ids, text).toEqual(
        (await native.encode([text], false))[0],
      );
    }
  });
});

describe("what is left to the native library", () => {
  const files = filesOf("llama-bpe", randomMerges(5, 200));

  test("texts with characters that engines read differently", async () => {
    const own = encoderOf(files);
    const tokenizer = createTokenizer(files);
    const native = createNativeEncoder(files, false);
    for (const text of ["a\u0085b", "\ufeffa", "'ſ a", "a\ud800b", "ꬰ\u{1e030}", "\u{10ffff}"]) {
      expect(own({ text, borders: [] }), JSON.stringify(text)).toBeUndefined();
      expect(await tokenizer.encodeBatch(["abc", text, "de"])).toEqual(
        await native.encode(["abc", text, "de"], false),
      );
    }
  });

  test("very long texts, and texts with a very long word", async () => {
    const own = encoderOf(files);
    const tokenizer = createTokenizer(files);
    const native = createNativeEncoder(files, false);
    for (const text of ["你".repeat(2 ** 20 + 1), `a ${"b".repeat(2 ** 16 + 1)} c`]) {
      expect(own({ text, borders: [] })).toBeUndefined();
      const [[ids], [expected]] = [
        await tokenizer.encodeBatch([text]),
        await native.encode([text], false),
      ];
      expect(Buffer.from(ids!.buffer).equals(Buffer.from(expected!.buffer))).toBe(true);
    }
    for (const text of ["你".repeat(2 ** 16), "a ".repeat(2 ** 19), " ".repeat(2 ** 16)]) {
      const { ids } = own({ text, borders: [] })!;
      expect(ids.length).toBeGreaterThan(1);
      expect(tokenizer.decode(ids)).toBe(text);
    }
  }, 60_000);

  test("words with a byte that is no token", async () => {
    const tokens = byteAlphabet.filter((character) => character !== "a");
    const json = structuredClone(files.tokenizerJson);
    json.model.vocab = Object.fromEntries([...tokens, "b c"].map((token, id) => [token, id]));
    json.model.merges = [];
    json.added_tokens = [];
    const own = createByteLevelEncoder(json, [])!;
    expect(own({ text: "b c", borders: [] })!.ids).toHaveLength(3);
    expect(own({ text: "b a", borders: [] })).toBeUndefined();
  });

  const change = (edit: (json: typeof files.tokenizerJson) => void) => {
    const json = structuredClone(files.tokenizerJson);
    edit(json);
    return createByteLevelEncoder(json, json.added_tokens);
  };
  const split = (Regex: string, more = {}) => ({
    type: "Sequence",
    pretokenizers: [
      { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false, ...more },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  });

  test.each([
    ["byte fallback", (json) => Object.assign(json.model, { byte_fallback: true })],
    ["another kind of model", (json) => Object.assign(json.model, { type: "Unigram" })],
    ["dropped merges", (json) => Object.assign(json.model, { dropout: 0.1 })],
    ["other normalisers", (json) => Object.assign(json, { normalizer: { type: "Lowercase" } })],
    [
      "a prefix",
      (json) =>
        Object.assign(json, { pre_tokenizer: { type: "ByteLevel", add_prefix_space: true } }),
    ],
    ["no bytes", (json) => Object.assign(json, { pre_tokenizer: { type: "Whitespace" } })],
    [
      "removed matches",
      (json) => Object.assign(json, { pre_tokenizer: split("\\s+", { behavior: "Removed" }) }),
    ],
    [
      "possessive quantifiers",
      (json) => Object.assign(json, { pre_tokenizer: split("\\p{L}++|\\P{L}") }),
    ],
    ["nested classes", (json) => Object.assign(json, { pre_tokenizer: split("[[:alpha:]]+|.") })],
    ["empty matches", (json) => Object.assign(json, { pre_tokenizer: split("\\s*") })],
    ["spaces around a token", (json) => Object.assign(json.added_tokens[0]!, { lstrip: true })],
  ] satisfies [string, (json: typeof files.tokenizerJson) => unknown][])("%s", (_, edit) => {
    expect(change(() => {})).toBeDefined();
    expect(change(edit)).toBeUndefined();
  });
});
