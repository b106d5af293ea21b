/**
 * The keys of config.json that decoders share, checked. A family brings the defaults that
 * transformers gives to keys that a file leaves out. Keys keep Hugging Face's names; what nothing
 * here reads stays in `raw` and is written back.
 */
import { keyReader } from "../format/index.js";
import type { JsonObject } from "../util/json/index.js";
import { parseRope, type RopeConfig } from "./ropeScaling.js";

/** A model's architecture, in the names of config.json. */
export interface ModelConfig extends RopeConfig {
  model_type: string;
  architectures: string[];
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  hidden_act: string;
  rms_norm_eps: number;
  max_position_embeddings: number;
  tie_word_embeddings: boolean;
  attention_bias: boolean;
  mlp_bias: boolean;
  /** Attention window in tokens; null where attention reaches everything. */
  sliding_window: number | null;
  bos_token_id: number | null;
  /** Every id that ends a text; empty when the file names none. */
  eos_token_id: number[];
  pad_token_id: number | null;
  /** Type of the stored weights, such as `bfloat16`, where the file says so. */
  dtype: string | null;
  /** The file as it was read. */
  raw: Record<string, unknown>;
  /** The same to be written again: floats that are whole stay floats, as transformers wants them. */
  stored?: JsonObject;
}

/** Values of keys that a file leaves out: those of the family's configuration class. */
export interface ConfigDefaults {
  max_position_embeddings: number;
  rope_theta: number;
  rms_norm_eps: number;
  hidden_act: string;
  tie_word_embeddings: boolean;
  attention_bias: boolean;
  num_key_value_heads?: number;
  head_dim?: number;
  sliding_window?: number;
  partial_rotary_factor?: number;
  pad_token_id?: number;
}

const COUNT = { whole: true, least: 1, most: 2 ** 31 } as const;
const TOKEN_ID = { whole: true, least: -1, most: 2 ** 31 } as const;

/**
 * Checks a parsed config.json and fills in defaults.
 *
 * @param where the file, for messages
 * @throws FormatError naming the file and the key that is missing or wrong
 */
export function parseModelConfig(
  raw: Record<string, unknown>,
  where: string,
  defaults: ConfigDefaults,
): ModelConfig {
  const keys = keyReader(raw, where);
  const modelType = keys.string("model_type") ?? keys.fail("model_type", "is missing");
  const hidden = keys.required("hidden_size", COUNT);
  const heads = keys.required("num_attention_heads", COUNT);
  const keyValueHeads =
    keys.number("num_key_value_heads", COUNT) ?? defaults.num_key_value_heads ?? heads;
  if (heads % keyValueHeads !== 0) {
    keys.fail("num_key_value_heads", `is ${keyValueHeads}, which does not divide ${heads} heads`);
  }
  const headDim = keys.number("head_dim", COUNT) ?? defaults.head_dim ?? hidden / heads;
  if (!Number.isInteger(headDim)) {
    keys.fail("num_attention_heads", `is ${heads}, which does not divide hidden_size ${hidden}`);
  }
  return {
    model_type: modelType,
    architectures: keys.strings("architectures") ?? [],
    vocab_size: keys.required("vocab_size", COUNT),
    hidden_size: hidden,
    intermediate_size: keys.required("intermediate_size", COUNT),
    num_hidden_layers: keys.required("num_hidden_layers", { whole: true, least: 1, most: 4096 }),
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    head_dim: headDim,
    hidden_act: keys.string("hidden_act") ?? defaults.hidden_act,
    rms_norm_eps: keys.number("rms_norm_eps", { least: 0 }) ?? defaults.rms_norm_eps,
    max_position_embeddings:
      keys.number("max_position_embeddings", COUNT) ??
      keys.number("model_max_length", COUNT) ??
      defaults.max_position_embeddings,
    tie_word_embeddings: keys.boolean("tie_word_embeddings") ?? defaults.tie_word_embeddings,
    attention_bias: keys.boolean("attention_bias") ?? defaults.attention_bias,
    mlp_bias: keys.boolean("mlp_bias") ?? false,
    sliding_window:
      keys.boolean("use_sliding_window") === false
        ? null
        : (keys.number("sliding_window", COUNT) ??
          (Object.hasOwn(raw, "sliding_window") ? null : (defaults.sliding_window ?? null))),
    bos_token_id: tokenIds(raw, where, "bos_token_id")[0] ?? null,
    eos_token_id: tokenIds(raw, where, "eos_token_id"),
    pad_token_id: Object.hasOwn(raw, "pad_token_id")
      ? (tokenIds(raw, where, "pad_token_id")[0] ?? null)
      : (defaults.pad_token_id ?? null),
    dtype: keys.string("dtype") ?? keys.string("torch_dtype") ?? null,
    ...parseRope(keys, defaults),
    raw,
  };
}

/** One id, a list or nothing; -1 is how some files say "none". */
function tokenIds(raw: Record<string, unknown>, where: string, key: string): number[] {
  const value = raw[key];
  const keys = keyReader({ [key]: Array.isArray(value) ? value : [value ?? -1] }, where);
  return (keys.numbers(key, TOKEN_ID) ?? []).filter((id) => id >= 0);
}
