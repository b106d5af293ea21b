/** Small checkpoints of every family that GGUF files are written of, computed by llama.cpp and by us. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { writeSafetensors } from "../../src/format/safetensorsWriter.js";
import { openModelWeights } from "../../src/models/index.js";
import { randomNumbers } from "../../src/util/testRandom.js";
import { changedModel, expectOurChoices, writeModelAsGguf } from "./exported.js";
import { hasLlamaCpp, runLlamaCpp } from "./llamaCpp.js";

const present = await hasLlamaCpp();
const folder = mkdtempSync(path.join(tmpdir(), "gguf-models-"));

/** Windows are not llama.cpp's for these models, so they are longer than what is generated. */
const wide = { sliding_window: 64 };
const rope = (rope_parameters: object) => ({
  max_position_embeddings: 256,
  rope_parameters: { rope_theta: 10000, ...rope_parameters },
});

const cases: [title: string, name: string, change?: Record<string, unknown>][] = [
  ["llama, with biases and heads of their own size", "llama"],
  ["llama, linear scaling", "llama", rope({ rope_type: "linear", factor: 4 })],
  [
    "llama 3's scaling",
    "llama",
    rope({
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    }),
  ],
  ["mistral", "mistral", wide],
  ["qwen2", "qwen2", wide],
  [
    "qwen2, yarn",
    "qwen2",
    {
      ...wide,
      ...rope({ rope_type: "yarn", factor: 4, original_max_position_embeddings: 32 }),
    },
  ],
  ["qwen3, tied", "qwen3-tied"],
  ["qwen3", "qwen3-untied"],
  ["baichuan 7B", "baichuan-7b"],
  ["baichuan2 7B (NormHead)", "baichuan2-7b"],
];

const random = randomNumbers(11);
const prompts = [12, 5, 1].map((length) => ({
  ids: Array.from({ length }, () => random(64)),
  count: 24,
}));

describe.skipIf(!present)("llama.cpp computes what we compute", () => {
  it.each(cases)("%s", async (title, name, change) => {
    const directory = changedModel(name, change);
    const file = path.join(folder, `${title.replaceAll(" ", "-")}.gguf`);
    writeModelAsGguf(directory, file, "F16");
    const { outputs, log } = await runLlamaCpp({ model: file, prompts });
    expect(outputs.map(({ length }) => length)).toEqual(prompts.map(({ count }) => count));
    expect(expectOurChoices(directory, prompts, outputs)).toBeGreaterThan(0.95);
    expect(log.filter((line) => line.startsWith("error"))).toEqual([]);
    expectOurChoices(file, prompts, outputs);
  });

  it("llama 3's scaling of a length that texts here reach", async () => {
    const scaling = { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4 };
    const change = rope({ ...scaling, original_max_position_embeddings: 24 });
    const directory = changedModel("llama", change);
    const file = path.join(folder, "llama3-short.gguf");
    writeModelAsGguf(directory, file, "F16");
    const { outputs } = await runLlamaCpp({ model: file, prompts });
    expect(expectOurChoices(directory, prompts, outputs)).toBeGreaterThan(0.95);
    // The file holds divisors only, from which no more than the released models' parameters are found.
    expect(() => openModelWeights(file)).toThrow("not the scaling of a Llama 3 model");
  });

  it("baichuan2 13B (ALiBi, 40 layers)", async () => {
    const directory = alibiModel();
    const file = path.join(folder, "alibi.gguf");
    writeModelAsGguf(directory, file, "F16");
    const { outputs } = await runLlamaCpp({ model: file, prompts });
    expect(expectOurChoices(directory, prompts, outputs)).toBeGreaterThan(0.95);
    expectOurChoices(file, prompts, outputs);
  });
});

/** A small model with ALiBi and as many layers as the 13B ones, by which llama.cpp knows them. */
function alibiModel(): string {
  const directory = changedModel("baichuan2-13b", { num_hidden_layers: 40 });
  const small = openModelWeights(changedModel("baichuan2-13b"));
  const names = small
    .names()
    .flatMap((name) =>
      name.includes(".layers.0.")
        ? Array.from(
            { length: 40 },
            (_, layer) => [name.replace(".0.", `.${layer}.`), name] as const,
          )
        : name.includes(".layers.")
          ? []
          : [[name, name] as const],
    );
  const next = randomNumbers(5);
  const entries = names.map(([name, like]) => {
    const { shape } = small.info(like);
    const isNorm = shape.length === 1;
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () =>
      isNorm ? 1 : (next(2001) - 1000) / 8000,
    );
    return { name, dtype: "F32" as const, shape, data: () => new Uint8Array(values.buffer) };
  });
  small.close();
  writeSafetensors(path.join(directory, "model.safetensors"), entries);
  return directory;
}
