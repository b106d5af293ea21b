/**
 * config.json of the Llama family, checked and with the defaults that transformers gives to keys
 * that a file leaves out. Keys keep Hugging Face's names; what we do not know stays in `raw` and is
 * written back.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { writeFileAtomic } from "../util/atomicFile.js";
import { FormatError } from "../util/errors.js";
import { isObject, keyReader } from "./keyReader.js";
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
}

interface FamilyDefaults {
  max_position_embeddings: number;
  rope_theta: number;
  rms_norm_eps: number;
  hidden_act: string;
  tie_word_embeddings: boolean;
  attention_bias: boolean;
  num_key_value_heads?: number;
  head_dim?: number;
  sliding_window?: number;
}

const LLAMA: FamilyDefaults = {
  max_position_embeddings: 2048,
  rope_theta: 10000,
  rms_norm_eps: 1e-6,
  hidden_act: "silu",
  tie_word_embeddings: false,
  attention_bias: false,
};

// Defaults of the configuration classes of transformers 5.23 where they differ from Llama's.
// Old files leave out what equals the class default.
const FAMILIES: Readonly<Record<string, FamilyDefaults>> = {
  mistral: {
    ...LLAMA,
    max_position_embeddings: 131072,
    num_key_value_heads: 8,
    sliding_window: 4096,
  },
  qwen2: { ...LLAMA, max_position_embeddings: 32768 },
  qwen3: { ...LLAMA, max_position_embeddings: 32768, head_dim: 128 },
  gemma: {
    ...LLAMA,
    max_position_embeddings: 8192,
    hidden_act: "gelu_pytorch_tanh",
    tie_word_embeddings: true,
    head_dim: 256,
  },
  smollm3: {
    ...LLAMA,
    max_position_embeddings: 32768,
    rope_theta: 2000000,
    tie_word_embeddings: true,
    num_key_value_heads: 4,
  },
};

const COUNT = { whole: true, least: 1, most: 2 ** 31 } as const;
const TOKEN_ID = { whole: true, least: -1, most: 2 ** 31 } as const;

/**
 * Checks a parsed config.json and fills in defaults.
 * @param where the file, for messages
 * @throws FormatError naming the file and the key that is missing or wrong
 */
export function parseModelConfig(raw: Record<string, unknown>, where: string): ModelConfig {
  const keys = keyReader(raw, where);
  const modelType = keys.string("model_type") ?? keys.fail("model_type", "is missing");
  const defaults = (Object.hasOwn(FAMILIES, modelType) && FAMILIES[modelType]) || LLAMA;
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
    pad_token_id: tokenIds(raw, where, "pad_token_id")[0] ?? null,
    dtype: keys.string("dtype") ?? keys.string("torch_dtype") ?? null,
    ...parseRope(keys, defaults.rope_theta),
    raw,
  };
}

/** One id, a list or nothing; -1 is how some files say "none". */
function tokenIds(raw: Record<string, unknown>, where: string, key: string): number[] {
  const value = raw[key];
  const keys = keyReader({ [key]: Array.isArray(value) ? value : [value ?? -1] }, where);
  return (keys.numbers(key, TOKEN_ID) ?? []).filter((id) => id >= 0);
}

/**
 * Reads `config.json` of a model directory.
 * @throws FormatError when it is missing, not JSON, or a key is missing or wrong
 */
export function readModelConfig(directory: string): ModelConfig {
  const path = join(directory, "config.json");
  return parseModelConfig(readJsonObject(path), path);
}

/** The index of a model of a thousand shards takes about 10 MiB. */
const MAX_JSON_BYTES = 64 << 20;

/** @throws FormatError when the file cannot be read or does not hold a JSON object */
export function readJsonObject(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    const { size } = statSync(path);
    if (size > MAX_JSON_BYTES) throw new Error(`${size} bytes are too many for a JSON file`);
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new FormatError(`${path}: cannot be read as JSON`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "get the file again from the model's source",
      cause,
    });
  }
  if (!isObject(value)) throw new FormatError(`${path}: should hold a JSON object`);
  return value;
}

/**
 * Writes `config.json` into `directory`: everything that was read, with the keys whose values in
 * `config` were changed since.
 */
export function writeModelConfig(directory: string, config: ModelConfig): void {
  const path = join(directory, "config.json");
  const { raw, ...values } = config;
  const { raw: _, ...before } = parseModelConfig(raw, path);
  const changed = (key: keyof typeof before) => !isDeepStrictEqual(values[key], before[key]);
  const out: Record<string, unknown> = { ...raw };
  for (const key of Object.keys(values) as (keyof typeof before)[]) {
    if (ROPE_KEYS.has(key) || !changed(key)) continue;
    const ids = key === "eos_token_id" ? values.eos_token_id : undefined;
    out[key] = ids && ids.length < 2 ? (ids[0] ?? null) : values[key];
    if (key === "dtype") delete out.torch_dtype;
  }
  if ([...ROPE_KEYS].some((key) => changed(key as keyof typeof before))) {
    for (const key of [...ROPE_KEYS, "rope_parameters"]) delete out[key];
    out.rope_parameters = {
      rope_type: "default",
      ...values.rope_scaling,
      rope_theta: values.rope_theta,
      ...(values.partial_rotary_factor === 1
        ? {}
        : { partial_rotary_factor: values.partial_rotary_factor }),
    };
  }
  writeFileAtomic(path, `${JSON.stringify(out, null, 2)}\n`);
}

const ROPE_KEYS: ReadonlySet<string> = new Set([
  "rope_theta",
  "rope_scaling",
  "partial_rotary_factor",
]);
