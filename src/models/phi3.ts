/**
 * Phi-3, Phi-3.5 and Phi-4 (Abdin et al., 2024, arXiv 2404.14219): Llama with q, k and v in one
 * layer, gate and up in another, an optional window, and heads of which only a part may rotate. The
 * long-context models have LongRoPE (called `su` in old files, `yarn` in some).
 */
import type { GgufField } from "../format/index.js";
import { ropeFrequencies, trainedPositions } from "../nn/index.js";
import { ConfigError } from "../util/errors.js";
import { decoder, gatedFeedForward, ggufNamesOf, groupedAttention, llamaNames } from "./blocks.js";
import { type ModelConfig, parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { GgufFacts, GgufRope, ModelFamily } from "./types.js";
import { ggufWindow, refuseMixedLayers, windowField } from "./windows.js";

const names = { ...llamaNames, qkv: ["qkv_proj"], gateUp: ["gate_up_proj"] };

/** Names that LongRoPE had before. */
const OLD_NAMES: readonly unknown[] = ["su", "yarn"];

/** A file's rotary parameters with LongRoPE by its present name. */
function renameScaling(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { type, rope_type = type, ...rest } = value as Record<string, unknown>;
  return { ...rest, rope_type: OLD_NAMES.includes(rope_type) ? "longrope" : rope_type };
}

/** The tensors of GGUF files with LongRoPE's divisors. */
const [LONG, SHORT] = ["rope_factors_long.weight", "rope_factors_short.weight"];

/** Key of the length that the short ones are for. */
const ORIGINAL = "rope.scaling.original_context_length";

/** LongRoPE of a GGUF file: nothing where it has none. */
function ggufScaling({ keys, vector }: GgufFacts): Record<string, unknown> {
  const [long, short] = [vector(LONG), vector(SHORT)];
  if (!long && !short) return {};
  if (!long || !short) return keys.fail(ORIGINAL, `needs both ${LONG} and ${SHORT}`);
  return {
    rope_type: "longrope",
    long_factor: [...long],
    short_factor: [...short],
    attention_factor: keys.number("rope.scaling.attn_factor", { above: 0 }),
  };
}

/** LongRoPE's metadata; nothing without it. */
function scalingFields(config: ModelConfig): Record<string, GgufField> {
  if (!config.rope_scaling) return {};
  const { attention } = ropeFrequencies(config, 1);
  return {
    [ORIGINAL]: { uint32: trainedPositions(config) },
    "rope.scaling.attn_factor": { float32: attention },
  };
}

/** LongRoPE's divisors by the names of their tensors; none without it. */
function divisors({ rope_scaling: scaling }: ModelConfig): Record<string, Float32Array> {
  if (!scaling) return {};
  return {
    [LONG]: Float32Array.from(scaling.long_factor!),
    [SHORT]: Float32Array.from(scaling.short_factor!),
  };
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
  gguf: {
    architecture: "phi3",
    className: "Phi3ForCausalLM",
    names: ggufNamesOf(names),
    interleavesHeads: false,
    vectors: [LONG, SHORT],
    own: (config) => ({
      fields: { ...windowField(config), ...scalingFields(config) },
      vectors: divisors(config),
    }),
    configure: (raw, facts) => ({
      ...raw,
      sliding_window: ggufWindow(facts.keys),
      original_max_position_embeddings: facts.keys.number(ORIGINAL, { whole: true, least: 1 }),
      rope_parameters: { ...(raw.rope_parameters as GgufRope), ...ggufScaling(facts) },
    }),
  },
};
