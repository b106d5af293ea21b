/** Models whose weights stay in memory as files have them answer as in float32, bit for bit. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { attachNewAdapter, type LoraOptions, newAdapterConfig } from "../../src/lora/index.js";
import {
  type CausalLanguageModel,
  forward,
  loadModel,
  makeTokenRows,
  modelTensors,
  saveModel,
  sharedModel,
} from "../../src/models/index.js";
import { isStored } from "../../src/nn/index.js";
import { dispose, liveTensors, tidy } from "../../src/tensor/index.js";
import { numbers } from "../engine/values.js";
import { fixture } from "./fixtures.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-stored-"));
afterAll(() => rmSync(work, { recursive: true }));

let before = 0;
beforeEach(() => {
  before = liveTensors();
});
afterEach(() => {
  expect(liveTensors()).toBe(before);
});

const ids = Int32Array.from({ length: 40 }, (_, i) => (i * i + 3) % 16);

/** Of a few rows, which read weights as stored, and of many, which read float32 copies. */
function logits(model: CausalLanguageModel): number[] {
  return tidy(() => [7, 40].flatMap((count) => numbers(forward(model, ids.subarray(0, count)))));
}

/** The logits of a model loaded both ways, after the same was done to both. */
function bothWays(file: string, change: (model: CausalLanguageModel) => void = () => {}) {
  return [true, false].map((asStored) => {
    const model = loadModel(file, { dtype: "float32", asStored });
    const types = model.storedTypes ?? [];
    change(model);
    const result = logits(model);
    dispose(modelTensors(model));
    return { types, logits: result };
  });
}

// Their layers are of all types of blocks, and of half types.
describe.each(["llama", "qwen2", "qwen3"])("a GGUF file of %s", (name) => {
  const file = fixture(`format/${name}.gguf`);

  it("is the same model", () => {
    const [stored, dense] = bothWays(file);
    expect(stored!.logits).toEqual(dense!.logits);
    expect(stored!.types.length).toBeGreaterThanOrEqual(7);
    expect(dense!.types).toEqual([]);
  });

  const lora: LoraOptions = { r: 2, lora_alpha: 4, lora_dropout: 0, init_lora_weights: false };
  it.each<[string, Partial<LoraOptions>]>([
    ["with an adapter", {}],
    ["with an adapter that takes a part of the base weight", { init_lora_weights: "pissa" }],
    ["with a weight-decomposed adapter", { use_dora: true }],
    ["with a layer saved whole", { modules_to_save: ["layers.0.mlp.up_proj"] }],
    ["with a head saved whole", { modules_to_save: ["lm_head"] }],
  ])("is the same %s", (_, changes) => {
    const config = newAdapterConfig({ ...lora, ...changes }, null);
    const [stored, dense] = bothWays(file, (model) => void attachNewAdapter(model, config, 3));
    expect(stored!.logits).toEqual(dense!.logits);
  });

  it("is the same after its rows of tokens change", () => {
    const [stored, dense] = bothWays(file, (model) => makeTokenRows(model, 14, 4));
    expect(stored!.logits).toEqual(dense!.logits);
  });
});

it.each(["bfloat16", "float16"] as const)("a checkpoint in %s is the same in float32", (dtype) => {
  const source = loadModel(fixture("model/untied"));
  const folder = path.join(work, dtype);
  mkdirSync(folder);
  saveModel(source, folder, dtype);
  dispose(modelTensors(source));
  const [stored, dense] = bothWays(folder);
  expect(stored!.types).toEqual([dtype === "bfloat16" ? "BF16" : "F16"]);
  expect(stored!.logits).toEqual(dense!.logits);
});

it("shares stored weights between models, which go when the first does", () => {
  const first = loadModel(fixture("format/qwen2.gguf"), { asStored: true });
  const second = sharedModel(first);
  expect(logits(second)).toEqual(logits(first));
  expect(second.branches.some(({ linears }) => Object.values(linears).some(isStored))).toBe(true);
  makeTokenRows(second, 15, 1);
  expect(second.output.stored).toBeUndefined();
  expect(first.output.stored!.rows.every(({ tensor }) => !tensor.disposed)).toBe(true);
  dispose(modelTensors(first));
});

it("leaves weights dense that are in float32 already, for training, or of another type", () => {
  for (const options of [{}, { dtype: "bfloat16" as const }]) {
    const model = loadModel(fixture("model/untied"), { asStored: true, ...options });
    expect(model.storedTypes).toBeUndefined();
    dispose(modelTensors(model));
  }
});
