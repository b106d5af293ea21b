/**
 * Mistral (Jiang et al., 2023, arXiv 2310.06825): Llama whose attention may reach back within a window
 * only, and whose heads may have a size of their own. GGUF files of it are of architecture `llama`;
 * those that name a window are read as Mistral's.
 */
import { decoder, gatedFeedForward, groupedAttention } from "./blocks.js";
import { parseModelConfig } from "./config.js";
import { checkDecoder, llama, llamaDefaults } from "./llama.js";
import type { GgufLayout, ModelFamily } from "./types.js";
import { ggufWindow, refuseMixedLayers, windowField } from "./windows.js";

/** Llama's with a window, which llama.cpp does not compute. */
const layout: GgufLayout = {
  ...llama.gguf!,
  className: "MistralForCausalLM",
  mark: "attention.sliding_window",
  configure: (raw, { keys }) => ({ ...raw, sliding_window: ggufWindow(keys) }),
  own: (config) => ({ fields: windowField(config) }),
};

export const mistral: ModelFamily = {
  configure: (raw, where) =>
    parseModelConfig(raw, where, {
      ...llamaDefaults,
      max_position_embeddings: 131072,
      num_key_value_heads: 8,
      sliding_window: 4096,
    }),
  check(config) {
    checkDecoder(config);
    refuseMixedLayers(config);
  },
  build(config, read) {
    const options = { window: config.sliding_window ?? undefined };
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, { options }),
        gatedFeedForward(config, read, layer),
      ],
      { rotary: { parameters: config, inFloat32: false } },
    );
  },
  gguf: layout,
  ggufLayout: ({ sliding_window: window }) => (window === null ? llama.gguf! : layout),
};
