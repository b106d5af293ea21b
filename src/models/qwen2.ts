/** Qwen2 and Qwen2.5 (Yang et al., 2024, arXiv 2407.10671): Llama with biases on q, k and v. */
import { keyReader } from "../format/index.js";
import { decoder, gatedFeedForward, ggufNames, groupedAttention } from "./blocks.js";
import { type ConfigDefaults, type ModelConfig, parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelFamily } from "./types.js";
import { windowedLayers } from "./windows.js";

/** A file that says nothing of windows has none. */
export const windowOff = (raw: Record<string, unknown>) => ({
  ...raw,
  use_sliding_window: raw.use_sliding_window ?? false,
});

/**
 * A Qwen's config.json: there is a window only where `use_sliding_window` is true.
 *
 * @throws FormatError naming a key that is missing or wrong
 */
export function parseQwen(
  raw: Record<string, unknown>,
  where: string,
  defaults: Partial<ConfigDefaults> = {},
): ModelConfig {
  const config = parseModelConfig(windowOff(raw), where, {
    ...llamaDefaults,
    max_position_embeddings: 32768,
    sliding_window: 4096,
    ...defaults,
  });
  qwenWindows({ ...config, raw }, where);
  return { ...config, raw };
}

/** The window of each layer: `layer_types`, or the layers from `max_window_layers` on. */
export function qwenWindows(config: ModelConfig, where = "config.json"): (number | undefined)[] {
  const first = keyReader(config.raw, where).number("max_window_layers", { least: 0 }) ?? 28;
  const window = config.sliding_window ?? undefined;
  const pattern = (layer: number) => window !== undefined && layer >= first;
  return windowedLayers(config, where, pattern).map((is) => (is ? window : undefined));
}

export const qwen2: ModelFamily = {
  configure: (raw, where) => parseQwen(raw, where),
  check: checkDecoder,
  build(config, read) {
    const biases = { qkv: true, o: false };
    const windows = qwenWindows(config);
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, { biases, options: { window: windows[layer] } }),
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
