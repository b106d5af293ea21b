/** Tokenizers of every kind that GGUF files hold: llama.cpp's ids of difficult texts are ours. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ggufVocabulary, loadTokenizer, type Tokenizer } from "../../src/text/index.js";
import { readPackedJson } from "../packedJson.js";
import { fixture } from "../parity/fixtures.js";
import { writeEmptyModel } from "./exported.js";
import { hardTexts } from "./hardTexts.js";
import { hasLlamaCpp, runLlamaCpp } from "./llamaCpp.js";

const present = await hasLlamaCpp();
const folder = mkdtempSync(path.join(tmpdir(), "gguf-tokenizers-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface ClassCase {
  title: string;
  model: string;
  files: Record<string, unknown>;
  texts: { text: string }[];
}
const classes = readPackedJson<ClassCase[]>(fixture("tokenizers/sentencepiece-classes.json.gz"));

/** A folder with a vocabulary and JSON files. */
function folderOf(vocabulary: string, name: string, files: Record<string, unknown>): string {
  const at = mkdtempSync(path.join(folder, "tokenizer-"));
  copyFileSync(fixture(`tokenizers/${vocabulary}`), path.join(at, name));
  for (const [file, value] of Object.entries(files)) {
    writeFileSync(path.join(at, file), JSON.stringify(value));
  }
  return at;
}

/**
 * Compares ids of llama.cpp, and ours of the tokenizer that is read from the file, with those of the tokenizer. Texts with added
 * tokens are left out: llama.cpp puts spaces behind them.
 */
async function compared(tokenizer: Tokenizer, given: readonly string[]) {
  const texts = given.filter((text) => !tokenizer.addedTokens.some((one) => text.includes(one)));
  // More rows than tokens, as published models have them.
  const rows = Math.ceil((tokenizer.vocabSize + 1) / 64) * 64;
  const { fields, notes } = await ggufVocabulary(tokenizer, rows, null);
  const file = path.join(mkdtempSync(path.join(folder, "model-")), "model.gguf");
  writeEmptyModel(file, rows, fields);
  const found = await runLlamaCpp({ model: file, texts: [...texts] });
  const back = await loadTokenizer(file);
  const differing: Record<string, unknown>[] = [];
  const hasSpaceRule = notes.some((note) => note.includes("puts a space before every text"));
  for (const [index, text] of texts.entries()) {
    const ours = [...(await tokenizer.encode(text))];
    const again = [...(await back.encode(text))];
    const theirs = found.tokens[index]!;
    const [asOurs, asRead] = [theirs, again].map((ids) => `${ids}` === `${ours}`);
    const startsWithSpace = /^[ ▁]/.test(text);
    if (!asOurs && !(startsWithSpace && hasSpaceRule)) differing.push({ text, ours, theirs });
    // As in transformers, a file's SentencePiece vocabulary is read with one space at most before a text.
    if (!asRead && !startsWithSpace) differing.push({ text, ours, read: again });
  }
  return differing;
}

describe.skipIf(!present)("llama.cpp's ids are ours", () => {
  it.each(["tiny-sentencepiece", "tiny-bytelevel", "marked-bytelevel"])("%s", async (name) => {
    const tokenizer = await loadTokenizer(fixture(`text/${name}`));
    expect(await compared(tokenizer, hardTexts)).toEqual([]);
  });

  it.each(classes.filter(({ model }) => model.startsWith("bpe")))(
    "$title, $model",
    async ({ model, files, texts }) => {
      const tokenizer = await loadTokenizer(folderOf(model, "tokenizer.model", files));
      const all = [...hardTexts, ...texts.map(({ text }) => text)];
      expect(await compared(tokenizer, all)).toEqual([]);
    },
  );

  it("qwen.tiktoken", async () => {
    const files = { "tokenizer_config.json": { tokenizer_class: "QWenTokenizer" } };
    const tokenizer = await loadTokenizer(folderOf("qwen.tiktoken", "qwen.tiktoken", files));
    expect(await compared(tokenizer, hardTexts)).toEqual([]);
  });
});
