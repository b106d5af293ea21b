/**
 * OLMo 2 (OLMo Team, 2025, arXiv 2501.00656): Llama with its norms behind the branches instead of
 * before them, and norms of q and k over all heads at once.
 */
import {
  decoder,
  gatedFeedForward,
  ggufNamesOf,
  groupedAttention,
  llamaNames,
  refuseGgufBias,
} from "./blocks.js";
import { parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelFamily } from "./types.js";
import { ggufWindow } from "./windows.js";

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
  gguf: {
    architecture: "olmo2",
    className: "Olmo2ForCausalLM",
    names: ggufNamesOf(llamaNames, {
      attn_norm: "",
      ffn_norm: "",
      attn_q_norm: "self_attn.q_norm",
      attn_k_norm: "self_attn.k_norm",
      post_attention_norm: "post_attention_layernorm",
      post_ffw_norm: "post_feedforward_layernorm",
    }),
    own: ({ attention_bias: hasBias }) => refuseGgufBias(hasBias, "attention_bias"),
    interleavesHeads: false,
    configure(raw, { keys }) {
      if (ggufWindow(keys) === null) return raw;
      return keys.fail("attention.sliding_window", "is of an OLMo 3, which is not supported");
    },
  },
};
