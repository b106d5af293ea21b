import { copyFileSync, cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pickledWeights, weightNotes } from "../format/index.js";
import { openModelWeights } from "./openModel.js";

const fixtures = fileURLToPath(new URL("../../test/parity/fixtures/format/", import.meta.url));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "open-model-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("opens a directory whose only model is a GGUF file", () => {
  copyFileSync(join(fixtures, "llama.gguf"), join(folder, "model.gguf"));
  const source = openModelWeights(folder);
  expect([source.kind, source.config.num_hidden_layers]).toEqual(["gguf", 2]);
  source.close();
});

it("says what is missing", () => {
  expect(() => openModelWeights(join(folder, "none"))).toThrow("does not exist");
  expect(() => openModelWeights(folder)).toThrow("config.json");
  copyFileSync(join(fixtures, "sharded", "config.json"), join(folder, "config.json"));
  expect(() => openModelWeights(folder)).toThrow("has no weights");
  writeFileSync(join(folder, "pytorch_model.bin"), "");
  expect(() => openModelWeights(folder)).toThrow("is no file of torch.save");
});

it("reads safetensors where there are pickled weights too, and says so", () => {
  cpSync(join(fixtures, "..", "torch", "model"), folder, { recursive: true });
  expect(weightNotes(folder)).toEqual([]);
  expect(pickledWeights(folder)).toEqual([
    "pytorch_model.bin.index.json",
    "pytorch_model-00001-of-00002.bin",
    "pytorch_model-00002-of-00002.bin",
  ]);
  const safetensors = join(fixtures, "..", "families", "baichuan-7b", "model", "model.safetensors");
  copyFileSync(safetensors, join(folder, "model.safetensors"));
  writeFileSync(join(folder, "pytorch_model-00001-of-00002.bin"), "no pickle");
  openModelWeights(folder).close();
  expect(weightNotes(folder)).toEqual([
    `${folder}: model.safetensors is read, not pytorch_model.bin.index.json.`,
  ]);
  expect(pickledWeights(folder)).toEqual([]);
});

it("a pickled model whose shards are not those of the index is refused", () => {
  cpSync(join(fixtures, "..", "torch", "model"), folder, { recursive: true });
  const [first, second] = [1, 2].map((i) => join(folder, `pytorch_model-0000${i}-of-00002.bin`));
  copyFileSync(first!, second!);
  expect(() => openModelWeights(folder)).toThrow("pytorch_model-00002-of-00002.bin: has no tensor");
  rmSync(second!);
  expect(() => openModelWeights(folder)).toThrow("pytorch_model-00002-of-00002.bin");
});

it("refuses a file that was cut short or is no GGUF file", () => {
  const path = join(folder, "model.gguf");
  copyFileSync(join(fixtures, "llama.gguf"), path);
  truncateSync(path, 50_000);
  expect(() => openModelWeights(path)).toThrow("past the end of the file");
  writeFileSync(path, "hello, this is a text and no model");
  expect(() => openModelWeights(path)).toThrow("does not start with `GGUF`");
});
