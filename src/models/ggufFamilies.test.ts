/** What families take from GGUF files of their own, and what they refuse to read or write. */
import { describe, expect, it } from "vitest";
import { keyReader } from "../format/index.js";
import { ConfigError, FormatError } from "../util/errors.js";
import { configure } from "./configFile.js";
import { planGguf } from "./ggufWrite.js";
import { families } from "./registry.js";

const raw = {
  num_hidden_layers: 2,
  hidden_size: 32,
  num_attention_heads: 4,
  head_dim: 8,
  rope_parameters: { rope_type: "default", rope_theta: 10000, partial_rotary_factor: 0.5 },
};

/** What a family makes of metadata, by keys without the architecture. */
function read(
  family: string,
  metadata: Record<string, unknown>,
  vectors: Record<string, number[]> = {},
  changes: Record<string, unknown> = {},
) {
  const { architecture, configure: own } = families[family]!.gguf!;
  return own!(
    { ...raw, ...changes },
    {
      keys: keyReader(metadata, "a.gguf", `${architecture}.`),
      has: () => false,
      vector: (name) => (vectors[name] ? Float32Array.from(vectors[name]) : undefined),
    },
  );
}

describe("reading", () => {
  const factors = { "rope_factors_long.weight": [2, 4], "rope_factors_short.weight": [1, 1.5] };

  it("phi3 has LongRoPE where the file has its divisors, and no window where it says 0", () => {
    const original = { "rope.scaling.original_context_length": 16 };
    expect(read("phi3", { ...original, "attention.sliding_window": 0 }, factors)).toMatchObject({
      sliding_window: null,
      original_max_position_embeddings: 16,
      rope_parameters: { rope_type: "longrope", long_factor: [2, 4], short_factor: [1, 1.5] },
    });
    expect(read("phi3", { "attention.sliding_window": 7 })).toMatchObject({
      sliding_window: 7,
      rope_parameters: { rope_type: "default" },
    });
    const { "rope_factors_long.weight": long } = factors;
    expect(() => read("phi3", original, { "rope_factors_long.weight": long })).toThrow(FormatError);
  });

  it("gemma's scores are scaled by what llama.cpp takes for the number of layers", () => {
    const scalar = (family: string, layers: number) =>
      read(family, {}, {}, { num_hidden_layers: layers, hidden_size: 48 }).query_pre_attn_scalar;
    expect([scalar("gemma2", 26), scalar("gemma2", 46)]).toEqual([8, 12]);
    expect([scalar("gemma3_text", 26), scalar("gemma3_text", 62)]).toEqual([8, 12]);
  });

  it("gemma's windows are in all layers but the last of each period", () => {
    const whole = (family: string, metadata: Record<string, unknown>) => {
      const types = read(family, metadata, {}, { num_hidden_layers: 12 }).layer_types as string[];
      return types.flatMap((type, layer) => (type === "full_attention" ? [layer] : []));
    };
    const window = { "attention.sliding_window": 8 };
    expect(whole("gemma2", {})).toEqual([1, 3, 5, 7, 9, 11]);
    expect(whole("gemma3_text", window)).toEqual([5, 11]);
    expect(whole("gemma3_text", { ...window, "attention.sliding_window_pattern": 4 })).toEqual([
      3, 7, 11,
    ]);
    expect(whole("gemma3_text", {})).toHaveLength(12);
  });

  it("gemma3_text has the local base that the file says", () => {
    const local = (metadata: Record<string, unknown>) =>
      (read("gemma3_text", metadata).rope_parameters as Record<string, { rope_theta: number }>)
        .sliding_attention!.rope_theta;
    expect([local({}), local({ "rope.freq_base_swa": 5000 })]).toEqual([10000, 5000]);
  });

  it.each([
    [
      "an OLMo 3",
      "olmo2",
      { "attention.sliding_window": 4096 },
      {},
      "olmo2.attention.sliding_window",
    ],
    ["a GLM-4V", "glm4", { "rope.dimension_sections": [8, 8] }, {}, "glm4.rope.dimension_sections"],
    [
      "a ChatGLM whose heads rotate whole",
      "chatglm",
      {},
      { rope_parameters: { rope_type: "default", rope_theta: 10000, partial_rotary_factor: 1 } },
      "chatglm.rope.dimension_count",
    ],
    [
      "a ChatGLM with scaling",
      "chatglm",
      {},
      { rope_parameters: { ...raw.rope_parameters, rope_type: "linear", factor: 2 } },
      "chatglm.rope.scaling.type",
    ],
  ])("refuses %s, naming the key", (_, family, metadata, changes, key) => {
    expect(() => read(family, metadata, {}, changes)).toThrow(FormatError);
    expect(() => read(family, metadata, {}, changes)).toThrow(key);
  });
});

describe("writing", () => {
  const SMALL = {
    vocab_size: 64,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
  };
  const plan = (file: Record<string, unknown>) =>
    planGguf({
      config: configure({ ...SMALL, ...file }, "m/config.json"),
      weights: [],
      fields: new Map(),
      name: "a model",
      type: "F16",
    });
  const gemma2 = { model_type: "gemma2", head_dim: 8, query_pre_attn_scalar: 8 };
  const gemma3 = { ...gemma2, model_type: "gemma3_text" };
  const chatglm = {
    model_type: "chatglm",
    padded_vocab_size: 64,
    ffn_hidden_size: 48,
    num_layers: 2,
    kv_channels: 8,
    multi_query_attention: true,
    multi_query_group_num: 2,
    seq_length: 64,
  };

  it.each([
    [
      "gemma2 with other scores",
      { ...gemma2, query_pre_attn_scalar: 24 },
      "query_pre_attn_scalar: 24",
    ],
    [
      "gemma2 with other windows",
      { ...gemma2, layer_types: ["full_attention", "full_attention"] },
      "layer_types",
    ],
    ["gemma2 without caps", { ...gemma2, attn_logit_softcapping: null }, "soft caps"],
    ["gemma3_text with another period", { ...gemma3, sliding_window_pattern: 2 }, "layer_types"],
    [
      "gemma3_text with scaled windows",
      {
        ...gemma3,
        rope_parameters: {
          full_attention: { rope_type: "default" },
          sliding_attention: { rope_type: "linear", factor: 2 },
        },
      },
      "scaled rotations",
    ],
    ["olmo2 with biases", { model_type: "olmo2", attention_bias: true }, "attention_bias: true"],
    ["internlm2 with biases", { model_type: "internlm2" }, "bias: true"],
    ["chatglm with all biases", { ...chatglm, add_bias_linear: true }, "add_bias_linear: true"],
    [
      "longrope of a family without",
      {
        model_type: "llama",
        rope_scaling: { type: "longrope", short_factor: [1, 1, 1, 1], long_factor: [2, 2, 2, 2] },
      },
      'scaling of type "longrope"',
    ],
  ])("refuses %s", (_, file, message) => {
    expect(() => plan(file)).toThrow(ConfigError);
    expect(() => plan(file)).toThrow(message);
  });

  it("says where llama.cpp computes long texts otherwise", () => {
    const scaling = { rope_scaling: { type: "dynamic", factor: 2 }, max_position_embeddings: 128 };
    expect(plan({ model_type: "internlm2", bias: false, ...scaling }).notes).toEqual([
      expect.stringContaining("texts of more than 128 tokens"),
    ]);
    expect(plan({ model_type: "phi3", sliding_window: 16 }).notes).toEqual([
      expect.stringContaining("16 tokens"),
    ]);
    expect(plan(gemma2).notes).toEqual([]);
    expect(plan(chatglm).notes).toEqual([]);
  });
});
