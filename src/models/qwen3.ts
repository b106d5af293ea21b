/**
 * Qwen3 (Yang et al., 2025, arXiv 2505.09388): Llama with RMS norms on the heads of q and k, and
 * heads whose size is written out.
 */
import { decoder, gatedFeedForward, ggufNames, groupedAttention } from "./blocks.js";
import { parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import { refuseWindow } from "./qwen2.js";
import type { ModelFamily } from "./types.js";

export const qwen3: ModelFamily = {
  configure: (raw, where) =>
    parseModelConfig(raw, where, {
      ...llamaDefaults,
      max_position_embeddings: 32768,
      head_dim: 128,
    }),
  check(config) {
    checkDecoder(config);
    refuseWindow(config);
  },
  build: (config, read) =>
    decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, { headNorms: "each" }),
        gatedFeedForward(config, read, layer),
      ],
      { rotary: { parameters: config, inFloat32: false } },
    ),
  gguf: {
    architecture: "qwen3",
    className: "Qwen3ForCausalLM",
    names: {
      ...ggufNames,
      "blk.N.attn_q_norm": "model.layers.N.self_attn.q_norm",
      "blk.N.attn_k_norm": "model.layers.N.self_attn.k_norm",
    },
    interleavesHeads: false,
  },
};
