/**
 * ChatGLM2, ChatGLM3 and GLM-4-9B (GLM Team, 2024, arXiv 2406.12793): Llama under names of its own,
 * with q, k and v in one layer, gate and up in another, and rotation of half of each head,
 * neighbours paired. The first ChatGLM is another architecture of the same `model_type`.
 */
import { keyReader } from "../format/index.js";
import { ConfigError } from "../util/errors.js";
import {
  decoder,
  gatedFeedForward,
  ggufNamesOf,
  groupedAttention,
  type ModuleNames,
  refuseGgufBias,
} from "./blocks.js";
import { type ModelConfig, parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { GgufFacts, GgufRope, ModelFamily } from "./types.js";

const names: ModuleNames = {
  embedding: "transformer.embedding.word_embeddings",
  layers: "transformer.encoder.layers",
  lastNorm: "transformer.encoder.final_layernorm",
  head: "transformer.output_layer",
  attentionNorm: "input_layernorm",
  attention: "self_attention",
  qkv: ["query_key_value"],
  o: "dense",
  feedForwardNorm: "post_attention_layernorm",
  feedForward: "mlp",
  gateUp: ["dense_h_to_4h"],
  down: "dense_4h_to_h",
};

/** Its keys of counts, all of which the published files have. */
const counts = {
  vocab_size: "padded_vocab_size",
  intermediate_size: "ffn_hidden_size",
  num_hidden_layers: "num_layers",
  num_key_value_heads: "multi_query_group_num",
  head_dim: "kv_channels",
  max_position_embeddings: "seq_length",
} as const;

const COUNT = { whole: true, least: 1, most: 2 ** 31 } as const;

/** The norm's weight multiplies in float32. */
const style = { roundsOnce: true };

/** What the published models have; another value would be another architecture. */
const published: Readonly<Record<string, boolean>> = {
  rmsnorm: true,
  post_layer_norm: true,
  apply_residual_connection_post_layernorm: false,
  fp32_residual_connection: false,
  tie_word_embeddings: false,
  multi_query_attention: true,
};

/** What the published code takes where the file does not say, if that is another value. */
const unsaid: Readonly<Record<string, boolean>> = { multi_query_attention: false };

/** Marks of ChatGLM-6B of the first generation. */
const FIRST = ["position_encoding_2d", "inner_hidden_size"];

/** @throws ConfigError for the first ChatGLM */
function refuseFirst(raw: Record<string, unknown>): void {
  if (!FIRST.some((key) => Object.hasOwn(raw, key))) return;
  throw new ConfigError("ChatGLM-6B of the first generation is not supported", {
    why: "it has two positions for each token and attends in both directions",
    todo: "use ChatGLM2, ChatGLM3 or GLM-4",
  });
}

function configure(raw: Record<string, unknown>, where: string): ModelConfig {
  refuseFirst(raw);
  const keys = keyReader(raw, where);
  const hasBias = keys.boolean("add_bias_linear") ?? false;
  const config = parseModelConfig(
    {
      ...raw,
      ...Object.fromEntries(
        Object.entries(counts).map(([key, own]) => [key, keys.required(own, COUNT)]),
      ),
      rms_norm_eps: keys.number("layernorm_epsilon", { least: 0 }) ?? 1e-5,
      attention_bias: hasBias || (keys.boolean("add_qkv_bias") ?? false),
      mlp_bias: hasBias,
      rope_theta: 10000 * (keys.number("rope_ratio", { above: 0 }) ?? 1),
      partial_rotary_factor: 0.5,
      // Its embedding learns from the padding token too.
      pad_token_id: null,
    },
    where,
    llamaDefaults,
  );
  return { ...config, raw };
}

/** @throws ConfigError for options that are not computed */
function check(config: ModelConfig): void {
  checkDecoder(config, { partialRotary: true });
  const keys = keyReader(config.raw, "config.json");
  const not = (key: string, value: unknown, why: string) => {
    throw new ConfigError(`${key}: ${value} is not supported for chatglm models`, { why });
  };
  for (const [key, value] of Object.entries(published)) {
    const given = keys.boolean(key) ?? unsaid[key] ?? value;
    if (given !== value) not(key, given, `ChatGLM2, ChatGLM3 and GLM-4 have ${value}`);
  }
  const prefix = keys.number("pre_seq_len") ?? 0;
  if (prefix > 0) not("pre_seq_len", prefix, "it belongs to P-tuning, which is not computed");
  const bits = keys.number("quantization_bit") ?? 0;
  if (bits > 0)
    not("quantization_bit", bits, "weights quantized by ChatGLM's own code are not read");
}

/** The keys of a GGUF file by the names of the published config.json. */
function ownKeys(raw: Record<string, unknown>, { keys }: GgufFacts): Record<string, unknown> {
  const { rope_type, rope_theta, partial_rotary_factor } = raw.rope_parameters as GgufRope;
  if (partial_rotary_factor !== 0.5) {
    keys.fail("rope.dimension_count", "is not half of a head, as ChatGLM has it");
  }
  if (rope_type !== "default")
    keys.fail("rope.scaling.type", "is not supported for chatglm models");
  const { rms_norm_eps, attention_bias, mlp_bias, rope_parameters: _, ...rest } = raw;
  const renamed = Object.entries(rest).map(([key, value]) => [
    (counts as Readonly<Record<string, string>>)[key] ?? key,
    value,
  ]);
  return {
    ...Object.fromEntries(renamed),
    ...published,
    tie_word_embeddings: raw.tie_word_embeddings,
    layernorm_epsilon: rms_norm_eps,
    add_qkv_bias: attention_bias,
    add_bias_linear: mlp_bias,
    rope_ratio: rope_theta / 10000,
  };
}

export const chatglm: ModelFamily = {
  configure,
  keys: counts,
  check,
  build(config, read) {
    read.leaveOut("transformer.rotary_pos_emb.inv_freq");
    const biases = { qkv: config.attention_bias, o: config.mlp_bias };
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, {
          names,
          biases,
          norms: { style },
          rotaryPairs: "neighbours",
        }),
        gatedFeedForward(config, read, layer, { names, norms: { style } }),
      ],
      { names, norm: style, rotary: { parameters: config, inFloat32: false } },
    );
  },
  gguf: {
    architecture: "chatglm",
    className: "ChatGLMModel",
    names: ggufNamesOf(names),
    own: ({ mlp_bias: hasBias }) => refuseGgufBias(hasBias, "add_bias_linear"),
    interleavesHeads: false,
    configure: ownKeys,
  },
};
