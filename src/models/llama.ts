/**
 * The Llama family (Touvron et al., 2023, arXiv 2302.13971; Llama 2 adds grouped queries, Llama 3
 * its stretched positions): RMS norms before each branch, rotary positions, SwiGLU.
 *
 * q, k and v are one stacked product, gate and up another; weight files keep them apart.
 */
import { ConfigError } from "../util/errors.js";
import { decoder, gatedFeedForward, ggufNames, groupedAttention } from "./blocks.js";
import { type ConfigDefaults, type ModelConfig, parseModelConfig } from "./config.js";
import type { ModelFamily } from "./types.js";

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
 * @param computed what the family computes beyond Llama
 * @throws ConfigError for options that it does not
 */
export function checkDecoder(
  config: ModelConfig,
  computed: { activation?: string; partialRotary?: boolean } = {},
): void {
  const { model_type: family } = config;
  const { activation = "silu", partialRotary = false } = computed;
  if (config.hidden_act !== activation) {
    throw new ConfigError(
      `activation "${config.hidden_act}" is not supported for ${family} models`,
      { why: `they are computed with ${activation}` },
    );
  }
  if (!partialRotary && config.partial_rotary_factor !== 1) {
    throw new ConfigError(`partial rotary embeddings are not supported for ${family} models`);
  }
}

export const llama: ModelFamily = {
  configure: (raw, where) => parseModelConfig(raw, where, llamaDefaults),
  check: checkDecoder,
  build: (config, read) =>
    decoder(
      config,
      read,
      (layer) => [groupedAttention(config, read, layer), gatedFeedForward(config, read, layer)],
      { rotary: { parameters: config, inFloat32: false } },
    ),
  gguf: {
    architecture: "llama",
    className: "LlamaForCausalLM",
    names: ggufNames,
    interleavesHeads: true,
  },
};
