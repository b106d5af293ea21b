/** For tests: a random Llama of 128 tokens and 64 positions, with a tokenizer of single characters. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const fixtures = fileURLToPath(new URL("../../test/parity/fixtures/", import.meta.url));

/** The adapter for the test model that PEFT wrote. */
export const testAdapter = join(fixtures, "lora/adapter");

/** A tokenizer of 574 tokens. */
export const sentencePiece = join(fixtures, "text/tiny-sentencepiece");

/** Writes the model into a new directory and returns its path. */
export function writeTestModel(changes: { config?: object; generation?: object } = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "tunewright-generate-"));
  cpSync(join(fixtures, "model/untied"), directory, { recursive: true });
  if (changes.config) {
    const path = join(directory, "config.json");
    const config = JSON.parse(readFileSync(path, "utf8")) as object;
    writeFileSync(path, JSON.stringify({ ...config, ...changes.config }));
  }
  if (changes.generation) {
    writeFileSync(join(directory, "generation_config.json"), JSON.stringify(changes.generation));
  }
  const special = ["<pad>", "<s>", "</s>"];
  const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
  const chinese = Array.from({ length: 30 }, (_, i) => String.fromCharCode(0x4e00 + i));
  const tokens = [...special, ...characters, ...chinese];
  writeFileSync(
    join(directory, "tokenizer.json"),
    JSON.stringify({
      version: "1.0",
      added_tokens: special.map((content, id) => ({
        id,
        content,
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      })),
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: "Fuse" },
      model: {
        type: "BPE",
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges: [],
      },
    }),
  );
  writeFileSync(
    join(directory, "tokenizer_config.json"),
    JSON.stringify({ bos_token: "<s>", eos_token: "</s>", pad_token: "<pad>" }),
  );
  return directory;
}
