/** Qwen2 and Qwen2.5 (Yang et al., 2024, arXiv 2407.10671): Llama with biases on q, k and v. */
import { ConfigError } from "../util/errors.js";
import { decoder, gatedFeedForward, ggufNames, groupedAttention } from "./blocks.js";
import { parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelFamily } from "./types.js";

export const qwen2: ModelFamily = {
  configure: (raw, where) =>
    parseModelConfig(raw, where, { ...llamaDefaults, max_position_embeddings: 32768 }),
  check(config) {
    checkDecoder(config);
    refuseWindow(config);
  },
  build(config, read) {
    const biases = { qkv: true, o: false };
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, { biases }),
        gatedFeedForward(config, read, layer),
      ],
      { rotary: { parameters: config, inFloat32: false } },
    );
  },
  gguf: {
    architecture: "qwen2",
    className: "Qwen2ForCausalLM",
    names: ggufNames,
    interleavesHeads: false,
  },
};

/** @throws ConfigError where some layers attend within a window only */
export function refuseWindow(config: { raw: Record<string, unknown>; model_type: string }): void {
  if (config.raw.use_sliding_window !== true) return;
  throw new ConfigError(`use_sliding_window is not supported for ${config.model_type} models`, {
    todo: "set use_sliding_window to false in config.json if texts are shorter than the window",
  });
}
