/** Ids of SentencePiece and tiktoken vocabularies, and of transformers' classes written in Python. */
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { pieceType, readSentencePieceModel } from "../../src/format/index.js";
import { loadTokenizer } from "../../src/text/index.js";
import { createTextDecoder, createTextEncoder } from "../../src/text/sentencePiece/index.js";
import { readPackedJson } from "../packedJson.js";

const fixtures = fileURLToPath(new URL("fixtures/tokenizers/", import.meta.url));

interface Case {
  text: string;
  ids: number[];
  special: number[];
  decoded: string;
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder with a vocabulary and further files. */
function folderOf(vocabulary: string, name: string, files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
  folders.push(folder);
  copyFileSync(join(fixtures, vocabulary), join(folder, name));
  for (const [file, value] of Object.entries(files)) {
    writeFileSync(join(folder, file), typeof value === "string" ? value : JSON.stringify(value));
  }
  return folder;
}

const plain = readPackedJson<{ model: string; texts: Case[] }[]>(
  join(fixtures, "sentencepiece-plain.json.gz"),
);
const classes = readPackedJson<ClassCase[]>(join(fixtures, "sentencepiece-classes.json.gz"));

describe.each(plain)("SentencePiece, $model", ({ model, texts }) => {
  const read = readSentencePieceModel(readFileSync(join(fixtures, model)), model);

  test("gives the library's ids, in the order of the text", () => {
    const encode = createTextEncoder(read);
    for (const { text, ids } of texts) {
      const got: number[] = [];
      let last = 0;
      encode(text, (id, start) => {
        got.push(id);
        expect(start, text).toBeGreaterThanOrEqual(last);
        last = start;
      });
      expect(got, text).toEqual(ids);
      expect(last, text).toBeLessThanOrEqual(text.length);
    }
  });

  test("gives the library's texts", () => {
    const decode = createTextDecoder(read);
    // What the library writes for unknown pieces and leaves out of control symbols is not text.
    const shown = (id: number) => {
      if (read.types[id] === pieceType.control) return "";
      return id === read.unknownId ? " ⁇ " : read.pieces[id]!;
    };
    for (const { text, ids, decoded } of texts) {
      expect(decode(ids.map(shown)), text).toBe(decoded);
    }
  });
});

interface ClassCase {
  title: string;
  model: string;
  files: Record<string, unknown>;
  added: Record<string, number>;
  texts: Case[];
}

describe.each<ClassCase>(classes)("$title", ({ model, files, added, texts }) => {
  test("gives transformers' ids, with and without special tokens", async () => {
    const tokenizer = await loadTokenizer(folderOf(model, "tokenizer.model", files));
    for (const [token, id] of Object.entries(added)) expect(tokenizer.tokenToId(token)).toBe(id);
    for (const { text, ids, special } of texts) {
      expect([...(await tokenizer.encode(text))], text).toEqual(ids);
      expect([...(await tokenizer.encode(text, { addSpecialTokens: true }))], text).toEqual(
        special,
      );
    }
  });

  test("is saved as it was, with the code of its class", async () => {
    const code = "raise SystemExit('never run')\n";
    const folder = folderOf(model, "tokenizer.model", {
      ...files,
      "tokenization_baichuan.py": code,
    });
    const saved = mkdtempSync(join(tmpdir(), "tokenizer-"));
    folders.push(saved);
    (await loadTokenizer(folder)).save(saved);
    const names = ["tokenizer.model", ...Object.keys(files)];
    if (JSON.stringify(files).includes("auto_map")) names.push("tokenization_baichuan.py");
    expect(readdirSync(saved).sort()).toEqual(names.sort());
    for (const name of names) {
      expect(readFileSync(join(saved, name))).toEqual(readFileSync(join(folder, name)));
    }
    const again = await loadTokenizer(saved);
    const text = texts.at(-1)!;
    expect([...(await again.encode(text.text))]).toEqual(text.ids);
  });
});

test("qwen.tiktoken gives tiktoken's ids and texts", async () => {
  const folder = folderOf("qwen.tiktoken", "qwen.tiktoken", {
    "tokenizer_config.json": { tokenizer_class: "QWenTokenizer" },
  });
  const tokenizer = await loadTokenizer(folder);
  for (const { text, ids, decoded } of JSON.parse(
    readFileSync(join(fixtures, "tiktoken.json"), "utf8"),
  ).texts as Case[]) {
    expect([...(await tokenizer.encode(text))], text).toEqual(ids);
    expect([...(await tokenizer.encode(text, { addSpecialTokens: true }))], text).toEqual(ids);
    expect(tokenizer.decode(ids), text).toBe(decoded);
  }
});
