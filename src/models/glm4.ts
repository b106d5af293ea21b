/**
 * GLM-4-0414 (GLM Team, 2024, arXiv 2406.12793): Llama with biases on q, k and v, gate and up in one
 * layer, norms before and behind each branch, and rotation of half of each head, neighbours paired.
 */
import { decoder, gatedFeedForward, ggufNamesOf, groupedAttention, llamaNames } from "./blocks.js";
import { parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelFamily } from "./types.js";

const names = { ...llamaNames, gateUp: ["gate_up_proj"] };

export const glm4: ModelFamily = {
  configure: (raw, where) =>
    parseModelConfig(raw, where, {
      ...llamaDefaults,
      num_key_value_heads: 2,
      head_dim: 128,
      max_position_embeddings: 131072,
      rms_norm_eps: 1.5625e-7,
      attention_bias: true,
      partial_rotary_factor: 0.5,
      pad_token_id: 151329,
    }),
  check: (config) => checkDecoder(config, { partialRotary: true }),
  build: (config, read) =>
    decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, {
          biases: { qkv: config.attention_bias, o: false },
          norms: { after: "post_self_attn_layernorm" },
          rotaryPairs: "neighbours",
        }),
        gatedFeedForward(config, read, layer, { names, norms: { after: "post_mlp_layernorm" } }),
      ],
      { rotary: { parameters: config, inFloat32: false } },
    ),
  gguf: {
    architecture: "glm4",
    className: "Glm4ForCausalLM",
    names: ggufNamesOf(names, {
      post_attention_norm: "post_self_attn_layernorm",
      post_ffw_norm: "post_mlp_layernorm",
    }),
    interleavesHeads: false,
    configure(raw, { keys }) {
      if (!keys.has("rope.dimension_sections")) return raw;
      return keys.fail("rope.dimension_sections", "is of a model with images (GLM-4V)");
    },
  },
};
