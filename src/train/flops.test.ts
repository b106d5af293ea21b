import { expect, it } from "vitest";
import { countAdapterWeights, modelFlopsUtilisation, trainingFlops } from "./flops.js";

const model = {
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  head_dim: 64,
  vocab_size: 49152,
  tie_word_embeddings: true,
};

it("counts an adapter's weights by target", () => {
  // SmolLM2-135M with rank 64 on all linears, as PEFT's print_trainable_parameters says.
  expect(countAdapterWeights(model, { rank: 64, targets: "all" })).toBe(19_537_920);
  expect(countAdapterWeights(model, { rank: 8, targets: ["q_proj"] })).toBe(30 * 8 * 1152);
});

it("sequences of a packed row cost what they cost apart", () => {
  const whole = trainingFlops(model, { lengths: [100, 300], labelledTokens: 90 });
  const parts = [
    trainingFlops(model, { lengths: [100], labelledTokens: 40 }),
    trainingFlops(model, { lengths: [300], labelledTokens: 50 }),
  ];
  expect(whole).toBe(parts[0]! + parts[1]!);
  expect(whole).toBeLessThan(trainingFlops(model, { lengths: [400], labelledTokens: 90 }));
});

it("MFU is a share of the measured peak, or null where there is none", () => {
  expect(modelFlopsUtilisation(50, 1, 100)).toBe(0.5);
  expect(modelFlopsUtilisation(50, 1, undefined)).toBeNull();
  expect(modelFlopsUtilisation(50, 0, 100)).toBeNull();
});
