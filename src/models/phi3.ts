/**
 * Phi-3, Phi-3.5 and Phi-4 (Abdin et al., 2024, arXiv 2404.14219): Llama with q, k and v in one
 * layer, gate and up in another, an optional window, and heads of which only a part may rotate. The
 * long-context models have LongRoPE (called `su` in old files, `yarn` in some).
 */
import { ConfigError } from "../util/errors.js";
import { decoder, gatedFeedForward, groupedAttention, llamaNames } from "./blocks.js";
import { parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelFamily } from "./types.js";
import { refuseMixedLayers } from "./windows.js";

const names = { ...llamaNames, qkv: ["qkv_proj"], gateUp: ["gate_up_proj"] };

/** Names that LongRoPE had before. */
const OLD_NAMES: readonly unknown[] = ["su", "yarn"];

/** A file's rotary parameters with LongRoPE by its present name. */
function renameScaling(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { type, rope_type = type, ...rest } = value as Record<string, unknown>;
  return { ...rest, rope_type: OLD_NAMES.includes(rope_type) ? "longrope" : rope_type };
}

export const phi3: ModelFamily = {
  configure(raw, where) {
    const renamed = {
      original_max_position_embeddings: 4096,
      ...raw,
      rope_scaling: renameScaling(raw.rope_scaling),
      rope_parameters: renameScaling(raw.rope_parameters),
    };
    const config = parseModelConfig(renamed, where, {
      ...llamaDefaults,
      max_position_embeddings: 4096,
      rms_norm_eps: 1e-5,
      pad_token_id: 32000,
    });
    return { ...config, raw };
  },
  check(config) {
    checkDecoder(config, { partialRotary: true });
    refuseMixedLayers(config);
    const type = config.rope_scaling?.rope_type ?? "longrope";
    if (type !== "longrope") {
      throw new ConfigError(`RoPE scaling "${type}" is not supported for phi3 models`, {
        why: "transformers computes these models with default or longrope only",
      });
    }
  },
  build(config, read) {
    const options = { window: config.sliding_window ?? undefined };
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, { names, options }),
        gatedFeedForward(config, read, layer, { names }),
      ],
      { rotary: { parameters: config, inFloat32: false } },
    );
  },
  gguf: null,
};
