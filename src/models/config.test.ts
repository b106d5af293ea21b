import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tidy } from "../tensor/index.js";
import { ConfigError, FormatError } from "../util/errors.js";
import { configure, readModelConfig, writeModelConfig } from "./configFile.js";
import { describeModel } from "./describe.js";
import { dropoutNotes } from "./dropoutNotes.js";

const folder = mkdtempSync(join(tmpdir(), "model-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SMALL = {
  model_type: "llama",
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
};
const CHATGLM = {
  model_type: "chatglm",
  padded_vocab_size: 96,
  hidden_size: 32,
  ffn_hidden_size: 40,
  num_layers: 2,
  num_attention_heads: 4,
  kv_channels: 16,
  multi_query_attention: true,
  multi_query_group_num: 2,
  seq_length: 128,
};
const parse = (changes: Record<string, unknown> = {}) =>
  configure({ ...SMALL, ...changes }, "m/config.json");

describe("keys that a file leaves out", () => {
  it("get the defaults of transformers' LlamaConfig", () => {
    expect(parse()).toMatchObject({
      num_key_value_heads: 4,
      head_dim: 8,
      hidden_act: "silu",
      rms_norm_eps: 1e-6,
      max_position_embeddings: 2048,
      tie_word_embeddings: false,
      attention_bias: false,
      mlp_bias: false,
      rope_theta: 10000,
      rope_scaling: null,
      partial_rotary_factor: 1,
      sliding_window: null,
    });
  });

  it("get the defaults of their own family", () => {
    const qwen2 = { model_type: "qwen2", sliding_window: 4096, use_sliding_window: false };
    expect(parse(qwen2)).toMatchObject({ sliding_window: null, max_position_embeddings: 32768 });
    expect(parse({ model_type: "qwen3" }).head_dim).toBe(128);
    expect(parse({ model_type: "baichuan" }).max_position_embeddings).toBe(4096);
  });
});

describe("families with keys of their own", () => {
  it("mistral has a window unless the file says null", () => {
    const mistral = { model_type: "mistral", num_attention_heads: 8 };
    expect(parse(mistral)).toMatchObject({ sliding_window: 4096, num_key_value_heads: 8 });
    expect(parse({ ...mistral, sliding_window: null }).sliding_window).toBeNull();
  });

  it.each(["su", "yarn"])("phi3's scaling %s is longrope by an old name", (type) => {
    const factors = { short_factor: [1, 1, 1, 1], long_factor: [2, 2, 2, 2] };
    const old = parse({
      model_type: "phi3",
      original_max_position_embeddings: 32,
      rope_scaling: { type, ...factors },
    });
    expect(old.rope_scaling).toEqual({
      rope_type: "longrope",
      original_max_position_embeddings: 32,
      ...factors,
    });
    expect(old.raw.rope_scaling).toEqual({ type, ...factors });
    const scaling = { rope_type: "longrope", ...factors };
    expect(parse({ model_type: "phi3", rope_parameters: scaling }).rope_scaling).toEqual({
      original_max_position_embeddings: 4096,
      ...scaling,
    });
  });

  it("glm4 rotates half of each head unless the file says another part", () => {
    expect(parse({ model_type: "glm4", num_key_value_heads: 2 }).partial_rotary_factor).toBe(0.5);
    const written = { rope_parameters: { rope_type: "default", partial_rotary_factor: 0.25 } };
    expect(parse({ model_type: "glm4", num_key_value_heads: 2, ...written })).toMatchObject({
      partial_rotary_factor: 0.25,
    });
  });

  /** The attention options and kinds of rotation of each layer, and the rotary parameters. */
  const described = (changes: Record<string, unknown>) =>
    tidy(() => {
      const model = describeModel(parse(changes));
      const { parameters, local } = model.rotary!;
      const bases = [parameters, local].map((one) => [one?.rope_theta, one?.rope_scaling]);
      const options = model.branches.flatMap(({ attention }) => attention?.options ?? []);
      return { options, bases, softCap: model.output.softCap, scale: model.embeddingScale };
    });

  it.each(["qwen2", "qwen3"])("%s has windows only where the file turns them on", (model_type) => {
    const windows = (changes: Record<string, unknown>) =>
      described({ model_type, sliding_window: 8, ...changes }).options.map(({ window }) => window);
    expect(windows({ max_window_layers: 0 })).toEqual([undefined, undefined]);
    const on = { use_sliding_window: true };
    expect(windows(on)).toEqual([undefined, undefined]); // from layer 28 on
    expect(windows({ ...on, max_window_layers: 1 })).toEqual([undefined, 8]);
    const layer_types = ["sliding_attention", "full_attention"];
    expect(windows({ ...on, layer_types })).toEqual([8, undefined]);
  });

  it("qwen3_moe has experts in the layers that the file says", () => {
    const isSparse = (changes: Record<string, unknown>) => {
      const raw = { model_type: "qwen3_moe", num_hidden_layers: 6, ...changes };
      return tidy(() =>
        describeModel(parse(raw))
          .branches.filter(({ attention }) => attention === null)
          .map(({ experts }) => experts?.count ?? 0),
      );
    };
    expect(isSparse({ num_experts: 16 })).toEqual([16, 16, 16, 16, 16, 16]);
    expect(isSparse({ num_experts: 16, mlp_only_layers: [0, 3] })).toEqual([0, 16, 16, 0, 16, 16]);
    const every = { num_local_experts: 9, decoder_sparse_step: 3, mlp_only_layers: [2] };
    expect(isSparse(every)).toEqual([0, 0, 0, 0, 0, 9]);
    expect(isSparse({ num_experts: 0 })).toEqual([0, 0, 0, 0, 0, 0]);
    expect(isSparse({})).toEqual([128, 128, 128, 128, 128, 128]);
  });

  it("gemma2 has caps, and a window in every other layer", () => {
    const gemma2 = { model_type: "gemma2", sliding_window: 8 };
    const { options, softCap, scale } = described(gemma2);
    expect(options).toEqual([
      { scale: 1 / 16, window: 8, softCap: 50 },
      { scale: 1 / 16, window: undefined, softCap: 50 },
    ]);
    expect(softCap).toBe(30);
    expect(scale).toBe(Math.fround(Math.sqrt(32)));
    const plain = { attn_logit_softcapping: null, final_logit_softcapping: null };
    const whole = { layer_types: ["full_attention", "full_attention"] };
    expect(described({ ...gemma2, ...plain, ...whole, sliding_window: null })).toMatchObject({
      options: [
        { window: undefined, softCap: undefined },
        { window: undefined, softCap: undefined },
      ],
      softCap: undefined,
    });
  });

  it("internlm2 has biases unless the file says not", () => {
    const internlm2 = { model_type: "internlm2" };
    expect(parse(internlm2)).toMatchObject({ attention_bias: true, pad_token_id: 0 });
    expect(parse({ ...internlm2, bias: false }).attention_bias).toBe(false);
    expect(parse({ ...internlm2, bias: false }).raw).toEqual({
      ...SMALL,
      ...internlm2,
      bias: false,
    });
  });

  it("chatglm names its sizes in its own way", () => {
    expect(
      configure({ ...CHATGLM, rope_ratio: 50, pad_token_id: 0 }, "m/config.json"),
    ).toMatchObject({
      vocab_size: 96,
      intermediate_size: 40,
      num_hidden_layers: 2,
      head_dim: 16,
      num_key_value_heads: 2,
      max_position_embeddings: 128,
      rms_norm_eps: 1e-5,
      rope_theta: 500000,
      partial_rotary_factor: 0.5,
      attention_bias: false,
      pad_token_id: null,
    });
    const hasBias = (changes: object) =>
      configure({ ...CHATGLM, ...changes }, "m/config.json") as { attention_bias: boolean };
    expect(hasBias({ add_qkv_bias: true })).toMatchObject({
      attention_bias: true,
      mlp_bias: false,
    });
    expect(hasBias({ add_bias_linear: true })).toMatchObject({
      attention_bias: true,
      mlp_bias: true,
    });
    const { padded_vocab_size: _, ...without } = CHATGLM;
    expect(() => configure(without, "m/config.json")).toThrow("`padded_vocab_size` is missing");
  });

  it("gemma3_text is the same in the files of both times", () => {
    const gemma3 = { model_type: "gemma3_text", sliding_window: 8 };
    const linear = { rope_type: "linear", factor: 8 };
    const published = described({
      ...gemma3,
      sliding_window_pattern: 2,
      rope_theta: 5e5,
      rope_local_base_freq: 2e4,
      rope_scaling: linear,
    });
    expect(published.bases).toEqual([
      [5e5, linear],
      [2e4, null],
    ]);
    expect(published.options.map(({ window }) => window)).toEqual([8, undefined]);
    const now = described({
      ...gemma3,
      layer_types: ["sliding_attention", "full_attention"],
      rope_parameters: {
        full_attention: { ...linear, rope_theta: 5e5 },
        sliding_attention: { rope_type: "default", rope_theta: 2e4 },
      },
    });
    expect(now).toEqual(published);
    expect(described(gemma3).bases).toEqual([
      [1e6, null],
      [1e4, null],
    ]);
    expect(described(gemma3).options.map(({ window }) => window)).toEqual([8, 8]);
  });
});

const DEEPSEEK = { model_type: "deepseek_v2", num_experts_per_tok: 2, num_key_value_heads: 4 };

const notComputed: [what: string, changes: Record<string, unknown>, message: string][] = [
  ["an activation", { hidden_act: "gelu" }, 'activation "gelu" is not supported for llama models'],
  ["gemma's activation", { model_type: "gemma2", hidden_activation: "gelu" }, 'activation "gelu"'],
  ["partial rotation", { partial_rotary_factor: 0.5 }, "partial rotary embeddings"],
  [
    "mistral with layers that differ",
    {
      model_type: "mistral",
      num_attention_heads: 8,
      layer_types: ["sliding_attention", "full_attention"],
    },
    "layer_types that differ are not supported for mistral models",
  ],
  [
    "phi3 with another scaling",
    { model_type: "phi3", rope_scaling: { type: "linear", factor: 2 } },
    'RoPE scaling "linear" is not supported for phi3 models',
  ],
  [
    "attention in both directions",
    { model_type: "gemma3_text", use_bidirectional_attention: true },
    "use_bidirectional_attention is not supported",
  ],
  [
    "caps on gemma3's scores",
    { model_type: "gemma3_text", attn_logit_softcapping: 50 },
    "attn_logit_softcapping is not supported",
  ],
  [
    "key heads of their own in deepseek_v2",
    { ...DEEPSEEK, num_key_value_heads: 2 },
    "num_key_value_heads: 2 is not supported for deepseek_v2 models",
  ],
  [
    "another choice of experts",
    { ...DEEPSEEK, topk_method: "noaux_tc" },
    'topk_method: "noaux_tc"',
  ],
  ["another score of experts", { ...DEEPSEEK, scoring_func: "sigmoid" }, 'scoring_func: "sigmoid"'],
  ["weights that add up to 1", { ...DEEPSEEK, norm_topk_prob: true }, "norm_topk_prob: true is"],
  ["experts in every other layer", { ...DEEPSEEK, moe_layer_freq: 2 }, "moe_layer_freq: 2 is not"],
  [
    "a loss for the balance of experts",
    { model_type: "qwen3_moe", output_router_logits: true },
    "output_router_logits: true is not supported for qwen3_moe models",
  ],
];
it.each(notComputed)("refuses %s, which is not computed", (_, changes, message) => {
  const config = parse(changes);
  expect(() => describeModel(config)).toThrow(ConfigError);
  expect(() => describeModel(config)).toThrow(message);
});

const notChatglm: [key: string, value: unknown, message: string][] = [
  ["rmsnorm", false, "rmsnorm: false is not supported for chatglm models"],
  ["post_layer_norm", false, "post_layer_norm: false"],
  ["apply_residual_connection_post_layernorm", true, "apply_residual_connection_post_layernorm"],
  ["fp32_residual_connection", true, "fp32_residual_connection: true"],
  ["multi_query_attention", false, "multi_query_attention: false"],
  ["multi_query_attention", undefined, "multi_query_attention: false"],
  ["tie_word_embeddings", true, "tie_word_embeddings: true"],
  ["pre_seq_len", 128, "pre_seq_len: 128"],
  ["quantization_bit", 4, "quantization_bit: 4"],
];
it.each(notChatglm)("refuses chatglm with %s %s", (key, value, message) => {
  const config = configure({ ...CHATGLM, [key]: value }, "m/config.json");
  expect(() => describeModel(config)).toThrow(ConfigError);
  expect(() => describeModel(config)).toThrow(message);
});

it("refuses the first ChatGLM by name", () => {
  const first = { ...CHATGLM, position_encoding_2d: true };
  expect(() => configure(first, "m/config.json")).toThrow("ChatGLM-6B of the first generation");
});

it("takes the padding token of transformers' class where a file has none", () => {
  const paddings = ["llama", "phi3", "olmo2", "gemma2"].map(
    (model_type) => parse({ model_type }).pad_token_id,
  );
  expect(paddings).toEqual([null, 32000, 1, 0]);
  expect(parse({ model_type: "phi3", pad_token_id: null }).pad_token_id).toBeNull();
});

it("names the families that are supported where a file is of another", () => {
  expect(() => parse({ model_type: "mamba" })).toThrow('models of type "mamba" are not supported');
});

it("takes one token id, a list or none", () => {
  const config = parse({ bos_token_id: 1, eos_token_id: [2, 5], pad_token_id: -1 });
  expect([config.bos_token_id, config.eos_token_id, config.pad_token_id]).toEqual([
    1,
    [2, 5],
    null,
  ]);
  expect(parse({ eos_token_id: 2 }).eos_token_id).toEqual([2]);
  expect(parse({ eos_token_id: null }).eos_token_id).toEqual([]);
});

it("says which dropout of a file is not applied", () => {
  expect(dropoutNotes(parse({ attention_dropout: 0.0, resid_pdrop: null }))).toEqual([]);
  const notes = dropoutNotes(parse({ attention_dropout: 0.1, resid_pdrop: 0.05 }));
  expect(notes.map((note) => note.split(" in ")[0])).toEqual([
    "attention_dropout is 0.1",
    "resid_pdrop is 0.05",
  ]);
  expect(() => dropoutNotes(parse({ attention_dropout: "0.1" }))).toThrow("`attention_dropout`");
});

it("takes the stored type from dtype or, in older files, torch_dtype", () => {
  expect(parse({ torch_dtype: "float16" }).dtype).toBe("float16");
  expect(parse({ dtype: "bfloat16" }).dtype).toBe("bfloat16");
});

it("reads the oldest form of rope scaling, and takes its default type as none", () => {
  const linear = parse({ rope_scaling: { type: "linear", factor: 2 }, rope_theta: 5000 });
  expect(linear).toMatchObject({
    rope_theta: 5000,
    rope_scaling: { rope_type: "linear", factor: 2 },
  });
  expect(parse({ rope_scaling: { rope_type: "default" } }).rope_scaling).toBeNull();
});

const wrong: [what: string, changes: Record<string, unknown>, message: string][] = [
  ["a missing size", { hidden_size: undefined }, "m/config.json: `hidden_size` is missing"],
  ["a missing model type", { model_type: null }, "`model_type` is missing"],
  ["a size as text", { vocab_size: "64" }, "`vocab_size` should be a whole number"],
  ["a fraction", { num_hidden_layers: 2.5 }, "got 2.5"],
  ["a negative size", { intermediate_size: -1 }, "`intermediate_size` should be"],
  ["10^6 layers", { num_hidden_layers: 1e6 }, "up to 4096"],
  ["a flag as text", { tie_word_embeddings: "yes" }, "`tie_word_embeddings` should be true or"],
  ["a number for the activation", { hidden_act: 3 }, "`hidden_act` should be a string"],
  ["an object for the activation", { hidden_act: {} }, "got an object"],
  ["heads that do not divide the size", { num_attention_heads: 5 }, "does not divide hidden_size"],
  ["key heads that do not divide", { num_key_value_heads: 3 }, "does not divide 4 heads"],
  ["an id as text", { eos_token_id: "2" }, "`eos_token_id` should be a list"],
  ["scaling as a number", { rope_scaling: 2 }, "`rope_scaling` should be an object"],
  ["scaling without its type", { rope_scaling: { factor: 2 } }, "`rope_scaling.rope_type`"],
  ["scaling without its factor", { rope_scaling: { type: "linear" } }, "`rope_scaling.factor` is"],
  [
    "llama3 without a key",
    { rope_parameters: { rope_type: "llama3", factor: 8, low_freq_factor: 1 } },
    "`rope_parameters.high_freq_factor` is missing",
  ],
  ["a theta of 0", { rope_theta: 0 }, "above 0"],
  [
    "another number of layer types",
    { model_type: "gemma2", layer_types: ["full_attention"] },
    "`layer_types` has 1 entries for 2 layers",
  ],
  [
    "an unknown layer type",
    { model_type: "gemma2", layer_types: ["full_attention", "chunked_attention"] },
    '`layer_types` has "chunked_attention"',
  ],
  [
    "windows without their size",
    { model_type: "gemma2", sliding_window: null },
    "`sliding_window` is missing",
  ],
  [
    "more experts for a token than there are",
    { model_type: "qwen3_moe", num_local_experts: 4, num_experts_per_tok: 5 },
    "`num_experts_per_tok` is 5, with 4 experts",
  ],
  ["no number of experts for a token", { model_type: "deepseek_v2" }, "`num_experts_per_tok` is"],
  [
    "groups that do not divide the experts",
    { ...DEEPSEEK, topk_method: "group_limited_greedy", n_group: 5, topk_group: 2 },
    "`n_group` is 5, which does not divide 64 experts",
  ],
  [
    "more experts than their groups have",
    { ...DEEPSEEK, topk_method: "group_limited_greedy", n_group: 64, topk_group: 1 },
    "`num_experts_per_tok` is 2, with 1 experts to choose from",
  ],
  ["no shared experts", { ...DEEPSEEK, n_shared_experts: null }, "`n_shared_experts` is missing"],
  ["a cap of 0", { model_type: "gemma2", final_logit_softcapping: 0 }, "above 0"],
  [
    "gemma3's rotation without kinds of layers",
    { model_type: "gemma3_text", rope_parameters: { rope_theta: 1e6 } },
    "`rope_parameters.full_attention` is missing",
  ],
  [
    "parameters for each layer type",
    { rope_parameters: { full_attention: {}, sliding_attention: {} } },
    "each layer type",
  ],
];
it.each(wrong)("refuses %s, naming file and key", (_, changes, message) => {
  expect(() => parse(changes)).toThrow(FormatError);
  expect(() => parse(changes)).toThrow(message);
});

describe("writing", () => {
  it("gives back what was read, unknown keys included", () => {
    const raw = { ...SMALL, torch_dtype: "float16", rope_scaling: null, my_key: { deep: [1] } };
    writeFileSync(join(folder, "config.json"), JSON.stringify(raw));
    const config = readModelConfig(folder);
    const out = join(folder, "same");
    mkdirSync(out);
    writeModelConfig(out, config);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8"))).toEqual(raw);
  });

  it("puts a changed size under the family's own key, and under the common one where that is there", () => {
    const written = (raw: Record<string, unknown>) => {
      writeModelConfig(folder, { ...configure(raw, "m/config.json"), vocab_size: 97 });
      return JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
    };
    expect(written(CHATGLM)).toEqual({ ...CHATGLM, padded_vocab_size: 97 });
    const both = { ...CHATGLM, vocab_size: 96 };
    expect(written(both)).toEqual({ ...both, padded_vocab_size: 97, vocab_size: 97 });
  });

  it("keeps floats that are whole, which transformers wants to be floats", () => {
    const raw = `{"a": 50.0, "deep": {"b": [1.0, 2, 1e-06]}, ${JSON.stringify(SMALL).slice(1)}`;
    writeFileSync(join(folder, "config.json"), raw);
    const out = join(folder, "floats");
    mkdirSync(out);
    writeModelConfig(out, { ...readModelConfig(folder), vocab_size: 66 });
    const written = readFileSync(join(out, "config.json"), "utf8").replace(/\s+/g, "");
    expect(written).toContain('"a":50.0,"deep":{"b":[1.0,2,1e-06]}');
    expect(written).toContain('"vocab_size":66');
  });

  it("puts in what was changed", () => {
    const config = {
      ...parse({ torch_dtype: "float16", rope_scaling: { type: "linear", factor: 2 } }),
      dtype: "bfloat16",
      vocab_size: 65,
      eos_token_id: [7],
      rope_theta: 77,
    };
    writeModelConfig(folder, config);
    expect(JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))).toEqual({
      ...SMALL,
      vocab_size: 65,
      dtype: "bfloat16",
      eos_token_id: 7,
      rope_parameters: { rope_type: "linear", factor: 2, rope_theta: 77 },
    });
    const again = readModelConfig(folder);
    expect({ ...again, raw: 0, stored: undefined }).toEqual({ ...config, raw: 0 });
  });
});

it("says which file is missing, and which is not JSON", () => {
  writeFileSync(join(folder, "config.json"), "{");
  expect(() => readModelConfig(folder)).toThrow(`${folder}/config.json: cannot be read as JSON`);
  rmSync(join(folder, "config.json"));
  expect(() => readModelConfig(folder)).toThrow(`${folder}/config.json does not exist`);
});
