/** Small checkpoints of every family that GGUF files are written of, computed by llama.cpp and by us. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { writeSafetensors } from "../../src/format/safetensorsWriter.js";
import { openModelWeights } from "../../src/models/index.js";
import { randomNumbers } from "../../src/util/testRandom.js";
import { fixture } from "../parity/fixtures.js";
import { changedModel, expectOurChoices, randomModel, writeModelAsGguf } from "./exported.js";
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
  ["phi3", "phi3", wide],
  [
    "phi3, longrope",
    "phi3-longrope",
    { original_max_position_embeddings: 300, max_position_embeddings: 1000 },
  ],
  ["olmo2", "olmo2", { attention_bias: false }],
  ["glm4", "glm4"],
  ["glm4, half of each head rotates", "glm4", rope({ partial_rotary_factor: 0.5 })],
  // Windows of 5 tokens, which llama.cpp computes for these.
  ["gemma2", "gemma2", { query_pre_attn_scalar: 16 }],
  [
    "gemma3",
    "gemma3_text",
    { query_pre_attn_scalar: 16, layer_types: ["sliding_attention", "sliding_attention"] },
  ],
  ["internlm2", "internlm2", { max_position_embeddings: 256 }],
  ["chatglm3", "chatglm3", { seq_length: 256 }],
  ["baichuan 7B", "baichuan-7b"],
  ["baichuan2 7B (NormHead)", "baichuan2-7b"],
];

const random = randomNumbers(11);
const prompts = [12, 5, 1].map((length) => ({
  ids: Array.from({ length }, () => random(64)),
  count: 24,
}));

/** Rows of whole blocks of 256. */
const wideModel = randomModel({
  model_type: "llama",
  vocab_size: 320,
  hidden_size: 256,
  intermediate_size: 512,
  num_hidden_layers: 4,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  max_position_embeddings: 256,
});

describe.skipIf(!present)("llama.cpp computes what we compute", () => {
  it.each(cases)("%s", async (title, name, change) => {
    const directory = changedModel(name, change);
    if (change?.attention_bias === false) dropBiases(directory);
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
    const config = readFileSync(fixture("families/baichuan2-13b/model/config.json"), "utf8");
    // llama.cpp knows the 13B models, which have ALiBi, by their layers.
    const directory = randomModel({ ...JSON.parse(config), num_hidden_layers: 40 });
    const file = path.join(folder, "alibi.gguf");
    writeModelAsGguf(directory, file, "F16");
    const { outputs } = await runLlamaCpp({ model: file, prompts });
    expect(expectOurChoices(directory, prompts, outputs)).toBeGreaterThan(0.95);
    expectOurChoices(file, prompts, outputs);
  });

  it.each(["F32", "BF16", "Q8_0", "Q4_0", "Q4_K_M"] as const)(
    "%s is read as we read it",
    async (type) => {
      const file = path.join(folder, `wide-${type}.gguf`);
      expect(writeModelAsGguf(wideModel, file, type)).toEqual([]);
      const { outputs, log } = await runLlamaCpp({ model: file, prompts });
      expect(log.filter((line) => line.startsWith("error"))).toEqual([]);
      // Products with quantized weights round what they are multiplied with to 8 bits, those with BF16 to its 8.
      const tie = type === "F32" ? 1e-3 : 0.05;
      expect(expectOurChoices(file, prompts, outputs, [], [], tie)).toBeGreaterThan(0.85);
    },
  );
});

/** Takes the biases out of a model's files. */
function dropBiases(directory: string): void {
  const source = openModelWeights(directory);
  const entries = source
    .names()
    .filter((name) => !name.endsWith(".bias"))
    .map((name) => {
      const { shape, dtype } = source.info(name);
      const data = Buffer.concat([...source.chunks(name)].map((chunk) => Buffer.from(chunk.data)));
      return { name, dtype, shape, data: () => data };
    });
  source.close();
  writeSafetensors(path.join(directory, "model.safetensors"), entries);
}
