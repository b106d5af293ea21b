/**
 * Gemma 2 (Gemma Team, 2024, arXiv 2408.00118): norms before and behind each branch whose weights
 * are stored less 1, GELU, a scaled embedding, soft caps on scores and logits, scores scaled by
 * `query_pre_attn_scalar`, and every other layer with a window.
 */
import { type GgufField, keyReader } from "../format/index.js";
import { type AttentionOptions, geglu } from "../nn/index.js";
import { tensor, tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import { decoder, gatedFeedForward, ggufNamesOf, groupedAttention, llamaNames } from "./blocks.js";
import { type ConfigDefaults, type ModelConfig, parseModelConfig } from "./config.js";
import { checkDecoder } from "./llama.js";
import type { GgufFacts, ModelFamily, ModelReader } from "./types.js";
import { ggufLayerTypes, ggufWindow, windowedLayers, windowField } from "./windows.js";

/** Gemma's norm: the weight is stored less 1 and multiplies in float32. */
export const gemmaNorm = { offset: 1, roundsOnce: true };

/** The activation of Gemma 2 and 3. */
const ACTIVATION = "gelu_pytorch_tanh";

export const gemmaDefaults: ConfigDefaults = {
  max_position_embeddings: 8192,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  hidden_act: ACTIVATION,
  tie_word_embeddings: true,
  attention_bias: false,
  num_key_value_heads: 4,
  head_dim: 256,
  sliding_window: 4096,
  pad_token_id: 0,
};

/** What Gemma's config.json has beside the keys that all decoders share. */
export interface GemmaKeys {
  /** The scores' factor is one over its root. */
  query_pre_attn_scalar: number;
  /** Soft caps; null for none. */
  attn_logit_softcapping: number | null;
  final_logit_softcapping: number | null;
  /** Whether each layer attends within the window. */
  windowed: boolean[];
}

/**
 * Gemma's own keys, checked.
 *
 * @param defaults where the file does not say; `windowed` by index of the layer
 * @throws FormatError naming the key
 */
export function gemmaKeys(
  config: ModelConfig,
  where: string,
  defaults: Omit<GemmaKeys, "windowed" | "query_pre_attn_scalar"> & {
    windowed: (layer: number) => boolean;
  },
): GemmaKeys {
  const keys = keyReader(config.raw, where);
  const cap = (key: "attn_logit_softcapping" | "final_logit_softcapping") =>
    keys.number(key, { above: 0 }) ?? (Object.hasOwn(config.raw, key) ? null : defaults[key]);
  return {
    query_pre_attn_scalar: keys.number("query_pre_attn_scalar", { above: 0 }) ?? 256,
    attn_logit_softcapping: cap("attn_logit_softcapping"),
    final_logit_softcapping: cap("final_logit_softcapping"),
    windowed: windowedLayers(config, where, defaults.windowed),
  };
}

/** A file's keys with the activation where other families have it. */
export function withActivation(raw: Record<string, unknown>): Record<string, unknown> {
  return { ...raw, hidden_act: raw.hidden_activation ?? ACTIVATION };
}

/** @throws ConfigError for options that are not computed */
export function checkGemma(config: ModelConfig): void {
  checkDecoder(config, { activation: ACTIVATION });
  if (config.raw.use_bidirectional_attention === true) {
    throw new ConfigError(
      `use_bidirectional_attention is not supported for ${config.model_type} models`,
      { why: "such a model makes embeddings of texts, and does not continue them" },
    );
  }
}

/** The attention of a layer by Gemma's keys. */
export function gemmaAttentionOptions(
  { sliding_window: window }: ModelConfig,
  { query_pre_attn_scalar: scalar, windowed }: GemmaKeys,
  layer: number,
): AttentionOptions {
  return {
    scale: scalar ** -0.5,
    window: windowed[layer] ? (window ?? undefined) : undefined,
  };
}

/** The root of the width, rounded to the type of the weights as transformers does. */
export function gemmaEmbeddingScale({ hidden_size: dim }: ModelConfig, read: ModelReader): number {
  return tidy(() =>
    tensor(Float32Array.of(Math.sqrt(dim)))
      .to({ dtype: read.dtype })
      .item(),
  );
}

/** The norms around a branch. */
export const gemmaNorms = {
  attention: { after: "post_attention_layernorm", style: gemmaNorm },
  feedForward: {
    before: "pre_feedforward_layernorm",
    after: "post_feedforward_layernorm",
    style: gemmaNorm,
  },
};

const keysOf = (config: ModelConfig, where = "config.json") =>
  gemmaKeys(config, where, {
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
    windowed: (layer) => layer % 2 === 0,
  });

/** Names of a layer's norms by GGUF's. */
export const gemmaGgufNorms = {
  post_attention_norm: "post_attention_layernorm",
  ffn_norm: "pre_feedforward_layernorm",
  post_ffw_norm: "post_feedforward_layernorm",
};

/**
 * What GGUF files of Gemma say beyond what all do.
 *
 * @param defaults.window where the file does not say
 * @param defaults.period of the layers, likewise
 * @param defaults.largest layers of the model whose scores are scaled by the width of a query head's share of
 *   the model instead of the head's own; the files do not say it, and llama.cpp goes by this number
 */
export function gemmaGgufKeys(
  { hidden_act: _, ...raw }: Record<string, unknown>,
  { keys }: GgufFacts,
  { window, period, largest }: { window: number | null; period: number; largest: number },
): Record<string, unknown> {
  const share = Number(raw.hidden_size) / Number(raw.num_attention_heads);
  const caps = ["attn_logit_softcapping", "final_logit_softcapping"].flatMap((key) => {
    const cap = keys.number(key, { above: 0 });
    return cap === undefined ? [] : [[key, cap] as const];
  });
  const sliding_window = keys.has("attention.sliding_window") ? ggufWindow(keys) : window;
  return {
    ...raw,
    hidden_activation: ACTIVATION,
    query_pre_attn_scalar: raw.num_hidden_layers === largest ? share : raw.head_dim,
    ...Object.fromEntries(caps),
    sliding_window,
    layer_types: ggufLayerTypes({ ...raw, sliding_window }, keys, period),
  };
}

/** What of Gemma llama.cpp takes for granted. */
interface GemmaGgufRules {
  period: number;
  /** See {@link gemmaGgufKeys}. */
  largest: number;
}

/** The way back of {@link gemmaGgufKeys}. @throws ConfigError for what llama.cpp computes otherwise */
export function gemmaGgufFields(
  config: ModelConfig,
  { query_pre_attn_scalar: scalar, windowed, ...caps }: GemmaKeys,
  { period, largest }: GemmaGgufRules,
): Record<string, GgufField> {
  const { num_hidden_layers: layers, hidden_size: dim, num_attention_heads: heads } = config;
  const taken = layers === largest ? dim / heads : config.head_dim;
  const refuse = (what: string, why: string) => {
    throw new ConfigError(`${what} cannot be written as GGUF`, {
      why,
      todo: "export safetensors instead",
    });
  };
  if (scalar !== taken) {
    refuse(`query_pre_attn_scalar: ${scalar}`, `llama.cpp takes ${taken} for a model of this size`);
  }
  if (windowed.some((is, layer) => is !== ((layer + 1) % period !== 0))) {
    refuse("layer_types", `llama.cpp has windows in all layers but each ${period}th`);
  }
  const written = Object.entries(caps).flatMap(([key, cap]) =>
    cap === null ? [] : [[key, { float32: cap }] as const],
  );
  return { ...windowField(config), ...Object.fromEntries(written) };
}

export const gemma2: ModelFamily = {
  configure(raw, where) {
    const config = { ...parseModelConfig(withActivation(raw), where, gemmaDefaults), raw };
    keysOf(config, where);
    return config;
  },
  check: checkGemma,
  build(config, read) {
    const keys = keysOf(config);
    const softCap = keys.attn_logit_softcapping ?? undefined;
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, {
          norms: gemmaNorms.attention,
          options: { ...gemmaAttentionOptions(config, keys, layer), softCap },
        }),
        gatedFeedForward(config, read, layer, { norms: gemmaNorms.feedForward, unit: geglu }),
      ],
      {
        norm: gemmaNorm,
        embeddingScale: gemmaEmbeddingScale(config, read),
        softCap: keys.final_logit_softcapping ?? undefined,
        rotary: { parameters: config, inFloat32: false },
      },
    );
  },
  gguf: {
    architecture: "gemma2",
    className: "Gemma2ForCausalLM",
    names: ggufNamesOf(llamaNames, gemmaGgufNorms),
    interleavesHeads: false,
    normOffset: 1,
    hasWindows: true,
    own(config) {
      const keys = keysOf(config);
      if (keys.attn_logit_softcapping === null || keys.final_logit_softcapping === null) {
        throw new ConfigError("a Gemma 2 without soft caps cannot be written as GGUF", {
          why: "llama.cpp would cap its scores and logits",
          todo: "export safetensors instead",
        });
      }
      return { fields: gemmaGgufFields(config, keys, { period: 2, largest: 46 }) };
    },
    configure: (raw, facts) => gemmaGgufKeys(raw, facts, { window: 4096, period: 2, largest: 46 }),
  },
};
