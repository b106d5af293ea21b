/**
 * A Hugging Face configuration from GGUF metadata, with the values that transformers'
 * `from_pretrained(gguf_file=…)` arrives at, and rotary scaling besides, which transformers drops.
 */
import { type GgufHeader, type KeyReader, keyReader } from "../format/index.js";
import { FormatError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { llama3Factors } from "./llama3Factors.js";
import { families } from "./registry.js";
import type { GgufFacts, GgufLayout, ModelFamily } from "./types.js";

const COUNT = { whole: true, least: 1, most: 2 ** 31 } as const;
const TOKEN_ID = { whole: true, least: 0, most: 0xffffffff } as const;

/** A family that computes a GGUF file, and how its files are laid out. */
export interface GgufFamily {
  modelType: string;
  family: ModelFamily;
  layout: GgufLayout;
}

/** @throws FormatError for an architecture that no family reads */
export function ggufFamily(header: GgufHeader, path: string): GgufFamily {
  const name = header.metadata.get("general.architecture");
  if (typeof name !== "string") {
    throw new FormatError(`${path}: has no general.architecture`, {
      todo: "use the GGUF file of a complete model, not of an adapter or a projector",
    });
  }
  const known = Object.entries(families).flatMap(([modelType, family]) =>
    family.gguf ? [{ modelType, family, layout: family.gguf }] : [],
  );
  const fitting = known.filter(({ layout }) => layout.architecture === name);
  const isMarked = ({ layout }: GgufFamily) =>
    layout.mark !== undefined && header.metadata.has(`${name}.${layout.mark}`);
  const found = fitting.find(isMarked) ?? fitting.find(({ layout }) => layout.mark === undefined);
  if (found) return found;
  throw new FormatError(`${path}: GGUF architecture \`${name.slice(0, 100)}\` is not supported`, {
    why: `supported architectures: ${[...new Set(known.map(({ layout }) => layout.architecture))].join(", ")}`,
    todo: "use the model's safetensors files instead",
  });
}

/**
 * @param vector the values of a short vector of the file, where it has that
 * @throws FormatError naming a metadata key that is missing or wrong
 */
export function ggufConfig(
  header: GgufHeader,
  path: string,
  { modelType, family, layout }: GgufFamily,
  vector: GgufFacts["vector"],
): ModelConfig {
  const metadata = keyReader(Object.fromEntries(header.metadata), path);
  const arch = metadata.string("general.architecture") ?? "";
  const key = (name: string) => `${arch}.${name}`;
  const hidden = metadata.required(key("embedding_length"), COUNT);
  const heads = metadata.required(key("attention.head_count"), COUNT);
  if ((metadata.number(key("expert_count"), { least: 0 }) ?? 0) > 0) {
    metadata.fail(key("expert_count"), "is set: mixtures of experts are not supported");
  }
  const rotary = metadata.number(key("rope.dimension_count"), COUNT);
  const headDim =
    metadata.number(key("attention.key_length"), COUNT) ??
    (arch === "llama" ? rotary : undefined) ??
    hidden / heads;
  const valueLength = metadata.number(key("attention.value_length"), COUNT) ?? headDim;
  if (valueLength !== headDim) {
    metadata.fail(key("attention.value_length"), `is ${valueLength}, not the key's ${headDim}`);
  }
  const has = (tensor: string) => header.tensors.has(tensor);
  const raw: Record<string, unknown> = {
    architectures: [layout.className],
    model_type: modelType,
    vocab_size: vocabularySize(header, metadata, key("vocab_size")),
    hidden_size: hidden,
    intermediate_size: metadata.required(key("feed_forward_length"), COUNT),
    num_hidden_layers: metadata.required(key("block_count"), COUNT),
    num_attention_heads: heads,
    num_key_value_heads: metadata.number(key("attention.head_count_kv"), COUNT) ?? heads,
    head_dim: headDim,
    hidden_act: "silu",
    rms_norm_eps: metadata.required(key("attention.layer_norm_rms_epsilon"), { least: 0 }),
    max_position_embeddings: metadata.required(key("context_length"), COUNT),
    tie_word_embeddings: !has("output.weight"),
    attention_bias: has("blk.0.attn_q.bias") || has("blk.0.attn_qkv.bias"),
    mlp_bias: has("blk.0.ffn_down.bias"),
    rope_parameters: {
      rope_theta: metadata.number(key("rope.freq_base"), { above: 0 }) ?? 10000,
      ...(rotary === undefined ? {} : { partial_rotary_factor: rotary / headDim }),
      ...ropeScaling(metadata, key, vector("rope_freqs.weight")),
    },
    bos_token_id: tokenId(metadata, "tokenizer.ggml.bos_token_id"),
    eos_token_id: tokenId(metadata, "tokenizer.ggml.eos_token_id"),
    pad_token_id: tokenId(metadata, "tokenizer.ggml.padding_token_id"),
  };
  const facts = { keys: keysOf(header, path, arch), has, vector };
  return family.configure(layout.configure?.(raw, facts) ?? raw, path);
}

/** The metadata of an architecture, by keys without its name. */
function keysOf({ metadata }: GgufHeader, path: string, arch: string): KeyReader {
  const prefix = `${arch}.`;
  const own = [...metadata].flatMap(([key, value]) =>
    key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
  );
  return keyReader(Object.fromEntries(own), path, prefix);
}

/** Rows of the embedding, which every other statement of the size has to agree with. */
function vocabularySize(header: GgufHeader, metadata: KeyReader, sizeKey: string): number {
  const rows = header.tensors.get("token_embd.weight")?.shape[0];
  if (rows === undefined) return metadata.fail("token_embd.weight", "is missing");
  const tokens = header.metadata.get("tokenizer.ggml.tokens");
  const count = Array.isArray(tokens) ? tokens.length : rows;
  const stated = metadata.number(sizeKey, COUNT) ?? rows;
  if (count !== rows) {
    metadata.fail("tokenizer.ggml.tokens", `has ${count} tokens, the embedding ${rows} rows`);
  }
  if (stated !== rows) metadata.fail(sizeKey, `is ${stated}, the embedding has ${rows} rows`);
  return rows;
}

/** Null where absent; some converters write "none" as -1 in an unsigned field. */
function tokenId(metadata: KeyReader, key: string): number | null {
  const id = metadata.number(key, TOKEN_ID);
  return id === undefined || id === 0xffffffff ? null : id;
}

function ropeScaling(
  metadata: KeyReader,
  key: (name: string) => string,
  ropeFactors: Float32Array | undefined,
): Record<string, unknown> {
  const type = metadata.string(key("rope.scaling.type")) ?? "none";
  const factor = metadata.number(key("rope.scaling.factor"), { above: 0 });
  if (ropeFactors) return llama3Scaling(metadata, key("rope.freq_base"), ropeFactors);
  switch (type) {
    case "none":
      return { rope_type: "default" };
    case "linear":
      return { rope_type: "linear", factor: factor ?? 1 };
    case "yarn": {
      const original = metadata.number(key("rope.scaling.original_context_length"), COUNT);
      return {
        rope_type: "yarn",
        factor: factor ?? 1,
        ...(original === undefined ? {} : { original_max_position_embeddings: original }),
      };
    }
    default:
      return metadata.fail(key("rope.scaling.type"), `is \`${type}\`, which is not supported`);
  }
}

/**
 * llama.cpp stores Llama 3's scaling as one divisor for each rotary frequency. The parameters that
 * every release of Llama 3.x shares are tried and accepted only when they give these divisors.
 */
function llama3Scaling(
  metadata: KeyReader,
  thetaKey: string,
  factors: Float32Array,
): Record<string, unknown> {
  const theta = metadata.number(thetaKey, { above: 0 }) ?? 10000;
  const factor = factors.reduce((most, value) => Math.max(most, value), 0);
  const scaling = {
    rope_type: "llama3",
    factor,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const expected = llama3Factors(theta, factors.length, scaling);
  const fits = factors.every((stored, i) => Math.abs(stored - expected[i]!) < 1e-3 * expected[i]!);
  if (!fits) metadata.fail("rope_freqs.weight", "is not the scaling of a Llama 3 model");
  return scaling;
}
