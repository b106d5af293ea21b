import { expect, it } from "vitest";
import { describeAdapter } from "../lora/index.js";
import { configure, countElements, describeModel } from "../models/index.js";
import { tidy } from "../tensor/index.js";
import { modelFlopsUtilization, totalFlos, trainingFlops } from "./flops.js";

const smollm2 = configure(
  {
    model_type: "llama",
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    vocab_size: 49152,
    tie_word_embeddings: true,
  },
  "config.json",
);

/** SmolLM2-135M with adapters, as a description without weights. */
function adapted(rank: number, targets: "all-linear" | string[]) {
  const model = describeModel(smollm2);
  const options = { r: rank, lora_alpha: 16, lora_dropout: 0, target_modules: targets };
  describeAdapter(model, options);
  return model;
}

it("counts weights by walking the description", () => {
  tidy(() => {
    expect(countElements(describeModel(smollm2))).toEqual({ all: 134_515_008, trainable: 0 });
    // SmolLM2-135M with rank 64 on all linears, as PEFT's print_trainable_parameters says.
    expect(countElements(adapted(64, "all-linear")).trainable).toBe(19_537_920);
    expect(countElements(adapted(8, ["q_proj"])).trainable).toBe(30 * 8 * 1152);
    expect(countElements(adapted(64, "all-linear")).all).toBe(134_515_008 + 19_537_920);
  });
});

it("total_flos leaves out the embedding, with the tied head", () => {
  tidy(() => {
    expect(totalFlos(describeModel(smollm2), 10)).toBe(60 * (134_515_008 - 49152 * 576));
  });
});

it("sequences of a packed row cost what they cost apart", () => {
  tidy(() => {
    const model = describeModel(smollm2);
    const whole = trainingFlops(model, { lengths: [100, 300], labelledTokens: 90 });
    const parts = [
      trainingFlops(model, { lengths: [100], labelledTokens: 40 }),
      trainingFlops(model, { lengths: [300], labelledTokens: 50 }),
    ];
    expect(whole).toBe(parts[0]! + parts[1]!);
    expect(whole).toBeLessThan(trainingFlops(model, { lengths: [400], labelledTokens: 90 }));
  });
});

it("keys beyond a window cost nothing", () => {
  tidy(() => {
    const shape = { ...smollm2.raw, model_type: "mistral", head_dim: 64 };
    const costs = (sliding_window: number | null, length: number) => {
      const model = describeModel(configure({ ...shape, sliding_window }, "config.json"));
      return trainingFlops(model, { lengths: [length], labelledTokens: 1 });
    };
    expect(costs(100, 100)).toBe(costs(null, 100));
    // Of 300 queries 200 lose keys: the triangle of 200 x 200 / 2 scores.
    const scores = (costs(null, 300) - costs(100, 300)) / (30 * 9 * 64 * 12);
    expect(scores).toBe((200 * 200) / 2);
  });
});

it("MFU is a share of the measured peak, or null where there is none", () => {
  expect(modelFlopsUtilization(50, 1, 100)).toBe(0.5);
  expect(modelFlopsUtilization(50, 1, undefined)).toBeNull();
  expect(modelFlopsUtilization(50, 0, 100)).toBeNull();
});
