/** Small models as directories and as GGUF files, for comparisons with llama.cpp. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "vitest";
import type { GgufField } from "../../src/format/index.js";
import { writeSafetensors } from "../../src/format/safetensorsWriter.js";
import { loadStack, mergedWeights } from "../../src/lora/index.js";
import {
  configure,
  describeModel,
  forward,
  type GgufFileType,
  loadModel,
  modelTensors,
  planGguf,
  weightEntries,
} from "../../src/models/index.js";
import { dispose, tidy } from "../../src/tensor/index.js";
import { byteAlphabet } from "../../src/text/byteLevel/index.js";
import { randomNumbers } from "../../src/util/testRandom.js";
import { fixture } from "../parity/fixtures.js";

/** A copy of a fixture's model whose config.json says something else. @returns its directory */
export function changedModel(name: string, change: Record<string, unknown> = {}): string {
  const directory = mkdtempSync(path.join(tmpdir(), `gguf-${name}-`));
  cpSync(fixture(`families/${name}/model`), directory, { recursive: true });
  const file = path.join(directory, "config.json");
  const config = { ...JSON.parse(readFileSync(file, "utf8")), ...change };
  writeFileSync(file, JSON.stringify(config));
  return directory;
}

/** A tokenizer for models that are given ids only. */
export function anyTokens(rows: number): Map<string, GgufField> {
  const tokens = Array.from({ length: rows }, (_, id) => byteAlphabet[id] ?? `[${id}]`);
  return new Map<string, GgufField>([
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", "gpt-2"],
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", new Int32Array(rows).fill(1)],
    ["tokenizer.ggml.merges", []],
    ["tokenizer.ggml.add_bos_token", false],
  ]);
}

/** Writes a model as GGUF. @returns notes on it */
export function writeModelAsGguf(
  directory: string,
  file: string,
  type: GgufFileType,
  fields?: ReadonlyMap<string, GgufField>,
): string[] {
  const { config, entries, close } = mergedWeights(directory, []);
  try {
    const tokens = fields ?? anyTokens(config.vocab_size);
    const plan = planGguf({ config, weights: entries, fields: tokens, name: "a model", type });
    plan.write(file);
    return plan.notes;
  } finally {
    close();
  }
}

/** Where two tokens are this close, as a share of the range of the logits, half precision decides between them. */
const HALF_TIE = 4e-3;

/**
 * Checks that each token is the likeliest one in float32 here too, or one as good but for roundings.
 *
 * @param adapters directories of adapters on the model
 * @param tie how far below the likeliest one a token may be, as a share of the range of the logits
 * @returns share of the tokens that are the likeliest
 */
export function expectOurChoices(
  model: string,
  prompts: readonly { ids: number[] }[],
  outputs: readonly (readonly number[])[],
  adapters: readonly string[] = [],
  weights: readonly number[] = [],
  tie = HALF_TIE,
): number {
  const loaded = loadModel(model, { dtype: "float32" });
  loadStack(loaded, adapters, { weights });
  let likeliest = 0;
  let count = 0;
  for (const [index, { ids }] of prompts.entries()) {
    const output = outputs[index]!;
    const logits = tidy(() => {
      const all = forward(loaded, Int32Array.from([...ids, ...output]));
      return new Float32Array(all.contiguous().bytes().slice().buffer);
    });
    const width = loaded.config.vocab_size;
    for (const [step, id] of output.entries()) {
      const at = (ids.length + step - 1) * width;
      const row = logits.subarray(at, at + width);
      const [most, least] = [Math.max(...row), Math.min(...row)];
      count += 1;
      if (row[id] === most) likeliest += 1;
      expect((most - row[id]!) / (most - least), `step ${step} of prompt ${index}`).toBeLessThan(
        tie,
      );
    }
  }
  dispose(modelTensors(loaded));
  return likeliest / count;
}

/** A model with random weights in a new directory. @param raw its config.json */
export function randomModel(raw: Record<string, unknown>): string {
  const directory = mkdtempSync(path.join(tmpdir(), "gguf-random-"));
  writeFileSync(path.join(directory, "config.json"), JSON.stringify(raw));
  const config = configure(raw, "config.json");
  const described = tidy(() => weightEntries(describeModel(config), () => "float32"));
  const next = randomNumbers(5);
  const entries = described.map((entry) => {
    const [, width] = entry.shape;
    const count = entry.shape.reduce((product, size) => product * size, 1);
    // Norms are 1; sums of products stay near the size of what they are made of.
    const value =
      width === undefined ? () => 1 : () => (next(2001) - 1000) / 400 / Math.sqrt(width);
    const data = () => new Uint8Array(Float32Array.from({ length: count }, value).buffer);
    return { ...entry, data };
  });
  writeSafetensors(path.join(directory, "model.safetensors"), entries);
  return directory;
}

/** Writes a model whose weights are zero, for its tokenizer alone. */
export function writeEmptyModel(
  file: string,
  rows: number,
  fields: ReadonlyMap<string, GgufField>,
): void {
  const raw = {
    model_type: "llama",
    vocab_size: rows,
    hidden_size: 32,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
  };
  const config = configure(raw, "config.json");
  const described = tidy(() => weightEntries(describeModel(config), () => "float32"));
  const weights = described.map((entry) => ({
    ...entry,
    data: () => new Uint8Array(entry.shape.reduce((product, size) => product * size, 4)),
  }));
  planGguf({ config, weights, fields, name: "tokens", type: "F16" }).write(file);
}
