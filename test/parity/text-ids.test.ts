/** Token ids equal to Python's: the built-in model's tokenizer, rebuilt vocabularies, a directory. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { GgufTokenizer } from "../../src/format/index.js";
import { tokenizerFromGguf } from "../../src/text/ggufTokenizer.js";
import { loadTokenizer, type Tokenizer } from "../../src/text/index.js";
import { createTokenizer } from "../../src/text/tokenizer.js";
import { builtinModelPath } from "../../src/util/builtin-model.js";

const fixtures = fileURLToPath(new URL("fixtures/text/", import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(join(fixtures, name), "utf8"));
const repository = fileURLToPath(new URL("../..", import.meta.url));
const dataFolder = process.env.TUNEWRIGHT_DATA ?? join(repository, "../shared/data");
const conversations = join(dataFolder, "conversations");

interface Digest {
  texts: number;
  ids: number;
  sha256: string;
}

async function digest(tokenizer: Tokenizer, texts: string[]): Promise<Digest> {
  const hash = createHash("sha256");
  let ids = 0;
  for (let at = 0; at < texts.length; at += 512) {
    for (const encoded of await tokenizer.encodeBatch(texts.slice(at, at + 512))) {
      hash.update(Buffer.from(Int32Array.of(...encoded, -1).buffer));
      ids += encoded.length;
    }
  }
  return { texts: texts.length, ids, sha256: hash.digest("hex") };
}

/** The strings inside a file's JSON, or its lines, as text_fixtures.py takes them. */
function textsOf(file: string): string[] {
  const raw = readFileSync(file, "utf8");
  const lines = raw.split("\n");
  const out: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === "string") out.push(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
  };
  if (extname(file) === ".json") collect(JSON.parse(raw));
  else if (extname(file) !== ".jsonl") return lines;
  else for (const line of lines) if (line.trim()) collect(JSON.parse(line));
  return out;
}

const hasModel = existsSync(builtinModelPath());
if (!hasModel) console.warn("skipped: the built-in model is not set up (./tunewright setup)");
const hasData = existsSync(conversations);
if (!hasData) console.warn(`skipped: no conversation data in ${dataFolder}`);

describe.skipIf(!hasModel)("the built-in model's tokenizer, rebuilt from its GGUF file", () => {
  const fixture = read("smollm2-ids.json");
  /** As the file states it, and as transformers converts it (see tokenizerFromGguf). */
  const variants = [
    ["stated", {}],
    ["transformers", { preTokenizer: "gpt-2" }],
  ] as const;

  test.each(variants)("gives the ids of difficult texts (%s)", async (variant, options) => {
    const tokenizer = await loadTokenizer(builtinModelPath(), options);
    for (const entry of fixture.texts) {
      expect([...(await tokenizer.encode(entry.text))], entry.text).toEqual(entry[variant]);
    }
  });

  test("decodes as Python does, with and without special tokens", async () => {
    const tokenizer = await loadTokenizer(builtinModelPath());
    for (const { stated, decoded, skipped } of fixture.texts) {
      expect(tokenizer.decode(stated)).toBe(decoded);
      expect(tokenizer.decode(stated, { skipSpecialTokens: true })).toBe(skipped);
    }
  });

  test.skipIf(!hasData).each(variants)(
    "gives the ids of all conversation data (%s)",
    async (variant, options) => {
      const tokenizer = await loadTokenizer(builtinModelPath(), options);
      expect(readdirSync(conversations).sort()).toEqual(Object.keys(fixture.files).sort());
      for (const [name, expected] of Object.entries<Record<string, Digest>>(fixture.files)) {
        const got = await digest(tokenizer, textsOf(join(conversations, name)));
        expect(got, name).toEqual(expected[variant]);
      }
    },
  );
});

describe("vocabularies from GGUF metadata", () => {
  const fixture = read("gguf-vocabularies.json");
  const none = {
    pre: undefined,
    scores: undefined,
    merges: undefined,
    bosTokenId: undefined,
    eosTokenId: undefined,
    eotTokenId: undefined,
    unknownTokenId: undefined,
    paddingTokenId: undefined,
    addBosToken: undefined,
    addEosToken: undefined,
    addSpacePrefix: undefined,
    chatTemplate: undefined,
  };
  const { gpt2, llama } = fixture;
  const byteLevel = (pre: string): GgufTokenizer => ({
    ...none,
    model: "gpt2",
    pre,
    tokens: gpt2.tokens,
    merges: gpt2.merges,
    tokenTypes: Int32Array.from(gpt2.tokenTypes),
  });
  // transformers leaves out the NFC normalisation that Qwen's own tokenizer.json has.
  const normalised = (pre: string, text: string) =>
    pre === "qwen2" && text.normalize("NFC") !== text;

  test.each(Object.keys(gpt2.ids))("cut text as %s does", async (pre) => {
    const tokenizer = createTokenizer(tokenizerFromGguf(byteLevel(pre), "test.gguf"));
    for (const [index, text] of fixture.texts.entries()) {
      const ids = [...(await tokenizer.encode(text))];
      if (normalised(pre, text)) {
        expect(ids).toEqual([...(await tokenizer.encode(text.normalize("NFC")))]);
      } else expect(ids, text).toEqual(gpt2.ids[pre][index]);
    }
  });

  test("recover SentencePiece merges from scores", async () => {
    const files = tokenizerFromGguf(
      {
        ...none,
        model: "llama",
        tokens: llama.tokens,
        scores: Float32Array.from(llama.scores),
        tokenTypes: Int32Array.from(llama.tokenTypes),
        unknownTokenId: 0,
        bosTokenId: 1,
        eosTokenId: 2,
      },
      "test.gguf",
    );
    const tokenizer = createTokenizer(files);
    for (const [index, text] of fixture.texts.entries()) {
      const ids = await tokenizer.encode(text);
      expect([...ids], text).toEqual(llama.ids[index]);
      expect(tokenizer.decode(ids)).toBe(llama.decoded[index]);
    }
    expect([...(await tokenizer.encode("", { addSpecialTokens: true }))]).toEqual([1]);
  });

  test("with a pre-tokenizer that is not known are refused", () => {
    expect(() => tokenizerFromGguf(byteLevel("newest"), "test.gguf")).toThrow(
      /unknown pre-tokenizer "newest"/,
    );
  });
});

test("a model directory that transformers saved gives its ids and texts", async () => {
  const tokenizer = await loadTokenizer(join(fixtures, "tiny-sentencepiece"));
  for (const { text, ids, with_special, decoded } of read("firefly.json").texts) {
    expect([...(await tokenizer.encode(text))], text).toEqual(ids);
    expect([...(await tokenizer.encode(text, { addSpecialTokens: true }))]).toEqual(with_special);
    expect(tokenizer.decode(ids)).toBe(decoded);
  }
});
