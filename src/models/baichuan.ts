/**
 * Baichuan and Baichuan2 (Yang et al., 2023, arXiv 2309.10305): Llama with q, k and v in one layer
 * `W_pack`. The 13B models have linear biases (ALiBi) instead of rotary positions; Baichuan2 divides
 * the rows of its output head by their norms (NormHead).
 *
 * config.json names neither: an ALiBi model is the one without `max_position_embeddings`, a NormHead
 * that with `z_loss_weight` or with Baichuan2's vocabulary (some published files lack the key).
 */
import {
  alibiSlopes,
  denseLinear,
  type Linear,
  nameStack,
  parameter,
  rmsNorm,
  rotary,
  splitHeads,
} from "../nn/index.js";
import { ConfigError } from "../util/errors.js";
import { Float, type JsonValue } from "../util/json/index.js";
import { attentionModule, decoder, gatedFeedForward, ggufNames, modelBranch } from "./blocks.js";
import { type ModelConfig, parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import { llamaConfig } from "./llamaConfig.js";
import { foldOutput } from "./output.js";
import type { GgufLayout, ModelBranch, ModelFamily, ModelReader } from "./types.js";

/** Tokens of Baichuan2; a resized vocabulary is larger. */
const BAICHUAN2_VOCABULARY = 125696;

const hasAlibi = ({ raw }: ModelConfig) => !Object.hasOwn(raw, "max_position_embeddings");

const hasNormHead = ({ raw, vocab_size: vocabulary }: ModelConfig) =>
  Object.hasOwn(raw, "z_loss_weight") || vocabulary >= BAICHUAN2_VOCABULARY;

function attention(config: ModelConfig, read: ModelReader, layer: number): ModelBranch {
  const { hidden_size: dim, num_attention_heads: heads, rms_norm_eps: epsilon } = config;
  const headDim = dim / heads;
  const name = attentionModule(read, layer);
  const norm = read.parameter(`model.layers.${layer}.input_layernorm.weight`, [dim]);
  const linears: Record<"qkv" | "o", Linear> = {
    qkv: read.stack(name, { W_pack: 3 * dim }, dim),
    o: read.stack(name, { o_proj: dim }, dim),
  };
  const options = hasAlibi(config) ? { alibiSlopes: alibiSlopes(heads) } : {};
  return modelBranch({
    name,
    layer,
    norms: [norm],
    linears,
    attention: { heads, keyHeads: heads, headDim, options },
    forward(x, group) {
      const mixed = linears.qkv.apply(rmsNorm(x, norm, epsilon), group); // [n, 3 * nH * hd]
      const [q, k, v] = splitHeads(mixed, [heads, heads, heads], headDim);
      const table = group.rotations;
      const [queries, keys] = table ? [rotary(q!, table), rotary(k!, table)] : [q!, k!];
      return linears.o.apply(group.attend(queries, keys, v!, layer, options), group);
    },
  });
}

/** The number of layers by which llama.cpp tells models with ALiBi. */
const LAYERS_13B = 40;

const layout: GgufLayout = {
  architecture: "llama",
  className: "BaichuanForCausalLM",
  names: ggufNames,
  interleavesHeads: true,
  split: {
    "model.layers.N.self_attn.W_pack": ["blk.N.attn_q", "blk.N.attn_k", "blk.N.attn_v"],
  },
};

/** config.json of a model with ALiBi has another name for its length. */
function withoutPositions(raw: Record<string, unknown>): Record<string, unknown> {
  const { max_position_embeddings: length, ...rest } = raw;
  return raw.num_hidden_layers === LAYERS_13B ? { ...rest, model_max_length: length } : raw;
}

export const baichuan: ModelFamily = {
  configure: (raw, where) =>
    parseModelConfig(raw, where, { ...llamaDefaults, max_position_embeddings: 4096 }),
  check(config) {
    checkDecoder(config);
    if (Number(config.raw.z_loss_weight ?? 0) !== 0) {
      throw new ConfigError("z_loss_weight above 0 is not supported for baichuan models", {
        why: "the published models have 0, and this term of the loss is not computed here",
        todo: "set z_loss_weight to 0 in config.json",
      });
    }
  },
  build: (config, read) =>
    decoder(
      config,
      read,
      (layer) => [attention(config, read, layer), gatedFeedForward(config, read, layer)],
      {
        normalizesRows: hasNormHead(config),
        // Baichuan rotates in the type of the activations, Baichuan2 in float32.
        rotary: hasAlibi(config) ? null : { parameters: config, inFloat32: hasNormHead(config) },
      },
    ),
  gguf: { ...layout, architecture: "baichuan", configure: withoutPositions },
  ggufLayout(config) {
    // Any number of layers will do where the model is a Llama but for the names of its weights.
    if (!hasAlibi(config)) return layout;
    if (config.num_hidden_layers === LAYERS_13B) return { ...layout, architecture: "baichuan" };
    throw new ConfigError("a Baichuan with ALiBi cannot be written as GGUF", {
      why: `it has ${config.num_hidden_layers} layers, and llama.cpp knows the 13B models by having ${LAYERS_13B}`,
      todo: "export safetensors instead",
    });
  },
  asLlama(model) {
    const { config } = model;
    if (hasAlibi(config)) {
      throw new ConfigError("this Baichuan model cannot be written as a Llama", {
        why: "it has linear biases (ALiBi) instead of rotary positions, which Llama has not",
        todo: "leave --as out; transformers loads the folder with trust_remote_code=True",
      });
    }
    const renamed = new Map<string, string>();
    for (const { linears } of model.branches) {
      const { qkv } = linears;
      if (qkv) linears.qkv = splitPacked(qkv, renamed);
    }
    if (model.output.weight === model.embedding && model.output.normalizesRows) {
      const { name, tensor } = model.embedding;
      model.output.weight = parameter("lm_head.weight", tensor.clone());
      renamed.set(model.output.weight.name, name);
    }
    foldOutput(model);
    model.config = llamaConfig(config, ownKeys, llamaKeys(config));
    return renamed;
  },
};

/** `W_pack` as layers q, k and v over the same rows. @param renamed takes what each is cut from */
function splitPacked(packed: Linear, renamed: Map<string, string>): Linear {
  const { name, outFeatures } = packed.parts[0]!;
  const prefix = name.slice(0, name.lastIndexOf("."));
  const rows = outFeatures / 3;
  const { parts } = nameStack(prefix, { q_proj: rows, k_proj: rows, v_proj: rows });
  for (const part of parts) renamed.set(`${part.name}.weight`, `${name}.weight`);
  return denseLinear(packed.parameters()[0]!, packed.bias, parts);
}

/** Keys of config.json that only Baichuan's classes read. */
const ownKeys = ["z_loss_weight", "_from_model_config"];

function llamaKeys(config: ModelConfig): Record<string, JsonValue> {
  return {
    num_key_value_heads: config.num_key_value_heads,
    max_position_embeddings: config.max_position_embeddings,
    hidden_act: config.hidden_act,
    attention_bias: false,
    rope_theta: new Float(config.rope_theta),
    rms_norm_eps: new Float(config.rms_norm_eps),
  };
}
