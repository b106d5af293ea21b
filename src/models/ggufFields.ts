/** GGUF metadata of a configuration: the way back of ggufConfig.ts. */
import type { GgufField } from "../format/index.js";
import { ConfigError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { llama3Factors } from "./llama3Factors.js";
import type { GgufLayout } from "./types.js";

/** What of a configuration a GGUF file holds. */
export interface GgufFields {
  fields: Map<string, GgufField>;
  /** Divisors of rotary frequencies, which are a tensor; [hd / 2]. */
  ropeFactors: Float32Array | undefined;
}

/**
 * The keys of an architecture.
 *
 * @param layout how the file is laid out
 * @param hasRotary false for a model without rotary positions
 * @throws ConfigError for scaling of positions that GGUF has no keys for
 */
export function ggufFields(
  config: ModelConfig,
  layout: GgufLayout,
  hasRotary: boolean,
): GgufFields {
  const { architecture } = layout;
  const fields = new Map<string, GgufField>();
  const count = (key: string, value: number) =>
    fields.set(`${architecture}.${key}`, { uint32: value });
  const real = (key: string, value: number) =>
    fields.set(`${architecture}.${key}`, { float32: value });
  count("vocab_size", config.vocab_size);
  count("context_length", config.max_position_embeddings);
  count("embedding_length", config.hidden_size);
  count("block_count", config.num_hidden_layers);
  count("feed_forward_length", config.intermediate_size);
  count("attention.head_count", config.num_attention_heads);
  count("attention.head_count_kv", config.num_key_value_heads);
  count("attention.key_length", config.head_dim);
  count("attention.value_length", config.head_dim);
  real("attention.layer_norm_rms_epsilon", config.rms_norm_eps);
  if (!hasRotary) return { fields, ropeFactors: undefined };
  count("rope.dimension_count", config.head_dim * config.partial_rotary_factor);
  real("rope.freq_base", config.rope_theta);
  return { fields, ropeFactors: addScaling(config, layout, fields) };
}

function addScaling(
  config: ModelConfig,
  { architecture, vectors }: GgufLayout,
  fields: Map<string, GgufField>,
): Float32Array | undefined {
  const { rope_scaling: scaling, head_dim: headDim, rope_theta: theta } = config;
  if (!scaling) return undefined;
  const { rope_type: type, factor = 1 } = scaling;
  const name = `${architecture}.rope.scaling`;
  // llama.cpp has no dynamic scaling, of which the plan has a note; LongRoPE's divisors are vectors.
  if (type === "dynamic" || (type === "longrope" && vectors)) return undefined;
  if (type === "llama3") return llama3Factors(theta, headDim / 2, scaling);
  if (type !== "linear" && type !== "yarn") {
    throw new ConfigError(`rotary scaling of type "${type}" cannot be written as GGUF`, {
      why: "llama.cpp computes linear, yarn and llama3 scaling",
      todo: "export safetensors instead",
    });
  }
  fields.set(`${name}.type`, type);
  fields.set(`${name}.factor`, { float32: factor });
  if (type === "linear") return undefined;
  refuseYarnOptions(config);
  const original = scaling.original_max_position_embeddings ?? config.max_position_embeddings;
  fields.set(`${name}.original_context_length`, { uint32: original });
  return undefined;
}

/** llama.cpp takes YaRN's other parameters as they are in the paper. */
function refuseYarnOptions({ rope_scaling: scaling }: ModelConfig): void {
  const usual = { beta_fast: 32, beta_slow: 1, truncate: true } as const;
  for (const key of ["attention_factor", "mscale", "mscale_all_dim"] as const) {
    if (scaling?.[key] !== undefined) throw unknownToYarn(key, scaling[key]);
  }
  for (const key of ["beta_fast", "beta_slow", "truncate"] as const) {
    if ((scaling?.[key] ?? usual[key]) !== usual[key]) throw unknownToYarn(key, scaling![key]);
  }
}

function unknownToYarn(key: string, value: unknown): ConfigError {
  return new ConfigError(`rope_scaling.${key} = ${String(value)} cannot be written as GGUF`, {
    why: "llama.cpp would scale by other values",
    todo: "export safetensors instead",
  });
}
