import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FormatError } from "../util/errors.js";
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

it("says what is missing, and what to do with a PyTorch pickle", () => {
  expect(() => openModelWeights(join(folder, "none"))).toThrow("does not exist");
  expect(() => openModelWeights(folder)).toThrow("config.json");
  copyFileSync(join(fixtures, "sharded", "config.json"), join(folder, "config.json"));
  expect(() => openModelWeights(folder)).toThrow("has no model.safetensors");
  writeFileSync(join(folder, "pytorch_model.bin"), "");
  try {
    openModelWeights(folder);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).todo).toContain("save_pretrained");
  }
});

it("refuses a file that was cut short or is no GGUF file", () => {
  const path = join(folder, "model.gguf");
  copyFileSync(join(fixtures, "llama.gguf"), path);
  truncateSync(path, 50_000);
  expect(() => openModelWeights(path)).toThrow("past the end of the file");
  writeFileSync(path, "hello, this is a text and no model");
  expect(() => openModelWeights(path)).toThrow("does not start with `GGUF`");
});
