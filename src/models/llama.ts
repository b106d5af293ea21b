/**
 * The Llama family (Touvron et al., 2023, arXiv 2302.13971; Llama 2 adds grouped queries, Llama 3
 * its stretched positions): RMS norms before each branch, rotary positions, SwiGLU.
 *
 * q, k and v are one stacked product, gate and up another; weight files keep them apart.
 */
import { rmsNorm, rotary, splitHeads } from "../nn/index.js";
import { ConfigError } from "../util/errors.js";
import { attentionLinears, attentionModule, decoder, ggufNames, modelBranch } from "./blocks.js";
import { type ConfigDefaults, type ModelConfig, parseModelConfig } from "./config.js";
import type { ModelBranch, ModelFamily, ModelReader } from "./types.js";

/** Defaults of transformers' LlamaConfig: old files leave out what equals them. */
export const llamaDefaults: ConfigDefaults = {
  max_position_embeddings: 2048,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  hidden_act: "silu",
  tie_word_embeddings: false,
  attention_bias: false,
};

/**
 * Llama's attention: `o(attend(rotate(q), rotate(k), v))` of the normalized input.
 *
 * @param biases whether the linear layers have biases
 */
export function llamaAttention(
  config: ModelConfig,
  read: ModelReader,
  layer: number,
  biases: { qkv: boolean; o: boolean },
): ModelBranch {
  const {
    hidden_size: dim,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    head_dim: headDim,
    rms_norm_eps: epsilon,
  } = config;
  const name = attentionModule(read, layer);
  const norm = read.parameter(`model.layers.${layer}.input_layernorm.weight`, [dim]);
  const linears = attentionLinears(config, read, name, biases);
  return modelBranch({
    name,
    layer,
    norms: [norm],
    linears,
    attention: { heads, keyHeads, headDim, options: {} },
    forward(x, group) {
      const mixed = linears.qkv.apply(rmsNorm(x, norm, epsilon), group); // [n, (nH + 2 nKv) * hd]
      const [q, k, v] = splitHeads(mixed, [heads, keyHeads, keyHeads], headDim);
      const table = group.rotations!;
      const attended = group.attend(rotary(q!, table), rotary(k!, table), v!, layer);
      return linears.o.apply(attended, group);
    },
  });
}

/** @throws ConfigError for options that no family here computes */
export function checkDecoder(config: ModelConfig): void {
  const { model_type: family } = config;
  if (config.hidden_act !== "silu") {
    throw new ConfigError(
      `activation "${config.hidden_act}" is not supported for ${family} models`,
    );
  }
  if (config.partial_rotary_factor !== 1) {
    throw new ConfigError(`partial rotary embeddings are not supported for ${family} models`);
  }
}

export const llama: ModelFamily = {
  configure: (raw, where) => parseModelConfig(raw, where, llamaDefaults),
  check: checkDecoder,
  build(config, read) {
    const biases = { qkv: config.attention_bias, o: config.attention_bias };
    return decoder(config, read, (layer) => llamaAttention(config, read, layer, biases), {
      rotary: { parameters: config, inFloat32: false },
    });
  },
  gguf: {
    architecture: "llama",
    className: "LlamaForCausalLM",
    names: ggufNames,
    interleavesHeads: true,
  },
};
