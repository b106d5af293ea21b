/**
 * OLMo 2 (OLMo Team, 2025, arXiv 2501.00656): Llama with its norms behind the branches instead of
 * before them, and norms of q and k over all heads at once.
 */
import { decoder, gatedFeedForward, groupedAttention } from "./blocks.js";
import { parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelFamily } from "./types.js";

const style = { roundsOnce: true };

export const olmo2: ModelFamily = {
  configure: (raw, where) =>
    parseModelConfig(raw, where, { ...llamaDefaults, rms_norm_eps: 1e-5, pad_token_id: 1 }),
  check: checkDecoder,
  build: (config, read) =>
    decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, {
          norms: { before: null, after: "post_attention_layernorm", style },
          headNorms: "all",
        }),
        gatedFeedForward(config, read, layer, {
          norms: { before: null, after: "post_feedforward_layernorm", style },
        }),
      ],
      { norm: style, rotary: { parameters: config, inFloat32: true } },
    ),
  gguf: null,
};
