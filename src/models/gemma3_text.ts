/**
 * The text models of Gemma 3 (Gemma Team, 2025, arXiv 2503.19786): Gemma 2 with norms on the heads of
 * q and k in place of the soft caps, five layers with a window to each one without, and a rotary base
 * of their own in those with one.
 */
import { keyReader } from "../format/index.js";
import { geglu } from "../nn/index.js";
import { ConfigError } from "../util/errors.js";
import { decoder, gatedFeedForward, ggufNamesOf, groupedAttention, llamaNames } from "./blocks.js";
import { type ModelConfig, parseModelConfig } from "./config.js";
import {
  checkGemma,
  gemmaAttentionOptions,
  gemmaDefaults,
  gemmaEmbeddingScale,
  gemmaGgufFields,
  gemmaGgufKeys,
  gemmaGgufNorms,
  gemmaKeys,
  gemmaNorm,
  gemmaNorms,
  withActivation,
} from "./gemma2.js";
import { parseRope, type RopeConfig } from "./ropeScaling.js";
import type { ModelFamily } from "./types.js";

/** Rotary bases of layers without and with a window. */
const THETA = { whole: 1e6, windowed: 10000 };

const COUNT = { whole: true, least: 1, most: 2 ** 31 } as const;

function keysOf(config: ModelConfig, where = "config.json") {
  const every = keyReader(config.raw, where).number("sliding_window_pattern", COUNT) ?? 6;
  return gemmaKeys(config, where, {
    attn_logit_softcapping: null,
    final_logit_softcapping: null,
    windowed: (layer) => (layer + 1) % every !== 0,
  });
}

/**
 * The rotary parameters of both kinds of layers. transformers 5 writes one object for each; before
 * that, `rope_theta` and `rope_scaling` were those of layers without a window, and
 * `rope_local_base_freq` the base of the others.
 */
function ropeOf(
  raw: Record<string, unknown>,
  where: string,
): { whole: Record<string, unknown>; windowed: RopeConfig } {
  const keys = keyReader(raw, where);
  const nested = keys.object("rope_parameters");
  if (nested && !nested.has("full_attention") && !nested.has("sliding_attention")) {
    nested.fail("full_attention", "is missing, and so is `sliding_attention`");
  }
  const { full_attention: whole, sliding_attention: windowed } = (raw.rope_parameters ??
    {}) as Record<string, unknown>;
  nested?.object("full_attention");
  const theta = keys.number("rope_local_base_freq", { above: 0 }) ?? THETA.windowed;
  const local = keyReader({ rope_parameters: windowed ?? { rope_type: "default" } }, where);
  return {
    whole: { ...raw, rope_parameters: whole ?? null },
    windowed: parseRope(local, { rope_theta: theta }),
  };
}

export const gemma3_text: ModelFamily = {
  configure(raw, where) {
    const config = parseModelConfig(withActivation(ropeOf(raw, where).whole), where, {
      ...gemmaDefaults,
      max_position_embeddings: 131072,
      rope_theta: THETA.whole,
    });
    keysOf({ ...config, raw }, where);
    return { ...config, raw };
  },
  check(config) {
    checkGemma(config);
    if (keysOf(config).attn_logit_softcapping === null) return;
    throw new ConfigError("attn_logit_softcapping is not supported for gemma3_text models", {
      why: "transformers leaves it out for them, too; the published models have null",
      todo: "set attn_logit_softcapping to null in config.json",
    });
  },
  build(config, read) {
    const keys = keysOf(config);
    const local = { ...config, ...ropeOf(config.raw, "config.json").windowed };
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, {
          norms: gemmaNorms.attention,
          headNorms: "each",
          isLocal: keys.windowed[layer] ?? false,
          options: gemmaAttentionOptions(config, keys, layer),
        }),
        gatedFeedForward(config, read, layer, { norms: gemmaNorms.feedForward, unit: geglu }),
      ],
      {
        norm: gemmaNorm,
        embeddingScale: gemmaEmbeddingScale(config, read),
        softCap: keys.final_logit_softcapping ?? undefined,
        rotary: { parameters: config, local, inFloat32: false },
      },
    );
  },
  gguf: {
    architecture: "gemma3",
    className: "Gemma3ForCausalLM",
    names: ggufNamesOf(llamaNames, {
      ...gemmaGgufNorms,
      attn_q_norm: "self_attn.q_norm",
      attn_k_norm: "self_attn.k_norm",
    }),
    interleavesHeads: false,
    normOffset: 1,
    hasWindows: true,
    own(config) {
      const { rope_theta: theta, rope_scaling: scaling } = ropeOf(
        config.raw,
        "config.json",
      ).windowed;
      if (scaling) {
        throw new ConfigError(
          "scaled rotations of layers with a window cannot be written as GGUF",
          {
            why: "llama.cpp scales those of the other layers only",
            todo: "export safetensors instead",
          },
        );
      }
      const fields = gemmaGgufFields(config, keysOf(config), { period: 6, largest: 62 });
      return { fields: { ...fields, "rope.freq_base_swa": { float32: theta } } };
    },
    configure(raw, facts) {
      const theta = facts.keys.number("rope.freq_base_swa", { above: 0 }) ?? THETA.windowed;
      return {
        ...gemmaGgufKeys(raw, facts, { window: null, period: 6, largest: 62 }),
        rope_parameters: {
          full_attention: raw.rope_parameters,
          sliding_attention: { rope_type: "default", rope_theta: theta },
        },
      };
    },
  },
};
