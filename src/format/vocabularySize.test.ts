import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FormatError } from "../util/errors.js";
import { readVocabularySize } from "./vocabularySize.js";

const fixtures = fileURLToPath(new URL("../../test/parity/fixtures/format/", import.meta.url));
const llama = join(fixtures, "llama.gguf");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vocabulary-size-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("is the embedding's rows in a GGUF file, alone or as the only model of a directory", () => {
  const byTransformers = JSON.parse(readFileSync(join(fixtures, "transformers.json"), "utf8"));
  const rows = byTransformers["llama.gguf"].config.vocab_size;
  expect(readVocabularySize(llama)).toBe(rows);
  copyFileSync(llama, join(folder, "model.gguf"));
  expect(readVocabularySize(folder)).toBe(rows);
});

it("is vocab_size of config.json in any other directory, weights or not", () => {
  writeFileSync(join(folder, "config.json"), '{ "vocab_size": 77 }');
  expect(readVocabularySize(folder)).toBe(77);
  copyFileSync(llama, join(folder, "a.gguf"));
  copyFileSync(llama, join(folder, "b.gguf"));
  expect(readVocabularySize(folder)).toBe(77);
});

it("is refused where nothing says it", () => {
  expect(() => readVocabularySize(folder)).toThrow(FormatError);
  expect(() => readVocabularySize(join(folder, "none.gguf"))).toThrow(FormatError);
  writeFileSync(join(folder, "config.json"), '{ "vocab_size": "many" }');
  expect(() => readVocabularySize(folder)).toThrow("vocab_size");
});
