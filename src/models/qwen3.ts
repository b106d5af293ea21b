/**
 * Qwen3 (Yang et al., 2025, arXiv 2505.09388): Llama with RMS norms on the heads of q and k, and
 * heads whose size is written out.
 */
import { decoder, gatedFeedForward, ggufNamesOf, groupedAttention, llamaNames } from "./blocks.js";
import { checkDecoder } from "./llama.js";
import { parseQwen, qwenWindows } from "./qwen2.js";
import type { ModelFamily } from "./types.js";

export const qwen3: ModelFamily = {
  configure: (raw, where) => parseQwen(raw, where, { head_dim: 128 }),
  check: checkDecoder,
  build(config, read) {
    const windows = qwenWindows(config);
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, {
          headNorms: "each",
          options: { window: windows[layer] },
        }),
        gatedFeedForward(config, read, layer),
      ],
      { rotary: { parameters: config, inFloat32: false } },
    );
  },
  gguf: {
    architecture: "qwen3",
    className: "Qwen3ForCausalLM",
    names: ggufNamesOf(llamaNames, {
      attn_q_norm: "self_attn.q_norm",
      attn_k_norm: "self_attn.k_norm",
    }),
    interleavesHeads: false,
  },
};
