/** Building blocks that families share. A family says how its branches differ from Llama's. */
import {
  type AttentionOptions,
  type Linear,
  type NormStyle,
  type Parameter,
  type RotaryPairs,
  rmsNorm,
  rotary,
  splitHeads,
  swiglu,
  type Value,
} from "../nn/index.js";
import { ConfigError } from "../util/errors.js";
import type { ModelConfig } from "./config.js";
import { ownWeights } from "./parameters.js";
import type { CausalLanguageModel, ModelBranch, ModelReader } from "./types.js";

/**
 * What the modules of a model are called. Those of a layer lie in it, and linear layers in the module
 * of their branch; q, k and v, or gate and up, are one name where files do not keep them apart.
 */
export interface ModuleNames {
  embedding: string;
  layers: string;
  lastNorm: string;
  head: string;
  attentionNorm: string;
  attention: string;
  qkv: readonly string[];
  o: string;
  feedForwardNorm: string;
  feedForward: string;
  gateUp: readonly string[];
  down: string;
}

/** Llama's names, which most families share. */
export const llamaNames: ModuleNames = {
  embedding: "model.embed_tokens",
  layers: "model.layers",
  lastNorm: "model.norm",
  head: "lm_head",
  attentionNorm: "input_layernorm",
  attention: "self_attn",
  qkv: ["q_proj", "k_proj", "v_proj"],
  o: "o_proj",
  feedForwardNorm: "post_attention_layernorm",
  feedForward: "mlp",
  gateUp: ["gate_proj", "up_proj"],
  down: "down_proj",
};

/** Output sizes by name: of each layer, or of the one that holds all. */
function sizesOf(names: readonly string[], sizes: readonly number[]): Record<string, number> {
  if (names.length === sizes.length) {
    return Object.fromEntries(names.map((name, i) => [name, sizes[i]!]));
  }
  return { [names[0]!]: sizes.reduce((sum, size) => sum + size, 0) };
}

/** A branch with the parameters of its norms and linear layers. */
export function modelBranch(branch: Omit<ModelBranch, "parameters">): ModelBranch {
  return {
    ...branch,
    parameters: () => [
      ...ownWeights(branch),
      ...Object.values(branch.linears).flatMap((linear) => linear.parameters()),
    ],
  };
}

/** A norm of a model, ready to be applied. */
interface Norm {
  parameter: Parameter;
  apply(x: Value): Value;
}

/** @param name within the model, without `.weight` */
export function normOf(
  { rms_norm_eps: epsilon }: ModelConfig,
  read: ModelReader,
  name: string,
  size: number,
  style?: NormStyle,
): Norm {
  const weight = read.parameter(`${name}.weight`, [size]);
  return { parameter: weight, apply: (x) => rmsNorm(x, weight, epsilon, style) };
}

/** The norms around a branch, by their names in the layer. */
interface BranchNorms {
  /** That of its input; null for none. */
  before?: string | null;
  /** That of its output; none by default. */
  after?: string;
  style?: NormStyle | undefined;
}

/** The norms of a branch: what they hold, and as functions. @param module the layer */
export function branchNorms(
  config: ModelConfig,
  read: ModelReader,
  module: string,
  { before, after, style }: BranchNorms,
) {
  const make = (name: string | null | undefined) =>
    name ? normOf(config, read, `${module}.${name}`, config.hidden_size, style) : null;
  const norms = { before: make(before), after: make(after) };
  return {
    parameters: [norms.before, norms.after].flatMap((norm) => (norm ? [norm.parameter] : [])),
    before: (x: Value) => norms.before?.apply(x) ?? x,
    after: (x: Value) => norms.after?.apply(x) ?? x,
  };
}

/** How a feed-forward branch differs from Llama's. */
export interface FeedForwardOptions {
  names?: ModuleNames;
  norms?: BranchNorms;
  /** From gate and up, [n, 2 * width], to [n, width]; default {@link swiglu}. */
  unit?: (both: Value) => Value;
}

/** The feed-forward branch, by default Llama's: `down(silu(gate(norm(x))) * up(norm(x)))`. */
export function gatedFeedForward(
  config: ModelConfig,
  read: ModelReader,
  layer: number,
  { names = llamaNames, norms = {}, unit = swiglu }: FeedForwardOptions = {},
): ModelBranch {
  const { hidden_size: dim, intermediate_size: width, mlp_bias: hasBias } = config;
  const module = `${names.layers}.${layer}`;
  const name = `${module}.${names.feedForward}`;
  const around = branchNorms(config, read, module, { before: names.feedForwardNorm, ...norms });
  const linears: Record<"gateUp" | "down", Linear> = {
    gateUp: read.stack(name, sizesOf(names.gateUp, [width, width]), dim, hasBias),
    down: read.stack(name, { [names.down]: dim }, width, hasBias),
  };
  return modelBranch({
    name,
    layer,
    norms: around.parameters,
    linears,
    attention: null,
    forward(x, group) {
      const both = linears.gateUp.apply(around.before(x), group); // [n, 2 * width]
      return around.after(linears.down.apply(unit(both), group));
    },
  });
}

/** Where a layer's attention is; old checkpoints keep its table of rotations too. */
export function attentionModule(
  read: ModelReader,
  layer: number,
  names: ModuleNames = llamaNames,
): string {
  const name = `${names.layers}.${layer}.${names.attention}`;
  read.leaveOut(`${name}.rotary_emb.inv_freq`);
  return name;
}

/** How attention with grouped heads differs from Llama's. */
export interface GroupedAttentionOptions {
  names?: ModuleNames;
  /** Whether the linear layers have biases; default: as `attention_bias` says. */
  biases?: { qkv: boolean; o: boolean };
  norms?: BranchNorms;
  /** How the outputs of the one layer that makes q, k and v follow each other; default {@link splitHeads}. */
  split?: typeof splitHeads;
  /** Norms of q and k: of each head, or of all heads at once; none by default. */
  headNorms?: "each" | "all";
  options?: AttentionOptions;
  rotaryPairs?: RotaryPairs;
  /** Whether the layer rotates by the model's local parameters. */
  isLocal?: boolean;
}

/**
 * The attention branch with grouped heads, by default Llama's:
 * `o(attend(rotate(q), rotate(k), v))` of the normalized input.
 */
export function groupedAttention(
  config: ModelConfig,
  read: ModelReader,
  layer: number,
  variant: GroupedAttentionOptions = {},
): ModelBranch {
  const { num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: headDim } = config;
  const { names = llamaNames, norms = {}, headNorms, split = splitHeads } = variant;
  const { options = {}, rotaryPairs, isLocal = false } = variant;
  const name = attentionModule(read, layer, names);
  const module = `${names.layers}.${layer}`;
  const around = branchNorms(config, read, module, { before: names.attentionNorm, ...norms });
  const linears = attentionLinears(config, read, name, names, variant);
  const headNorm = (part: string, count: number) => {
    const size = headNorms === "all" ? count * headDim : headDim;
    return headNorms ? normOf(config, read, `${name}.${part}`, size, norms.style) : null;
  };
  const [queryNorm, keyNorm] = [headNorm("q_norm", heads), headNorm("k_norm", keyHeads)];
  return modelBranch({
    name,
    layer,
    norms: [
      ...around.parameters,
      ...[queryNorm, keyNorm].flatMap((norm) => (norm ? [norm.parameter] : [])),
    ],
    linears,
    attention: { heads, keyHeads, headDim, options },
    forward(x, group) {
      const mixed = linears.qkv.apply(around.before(x), group); // [n, (nH + 2 nKv) * hd]
      const [q, k, v] = split(mixed, [heads, keyHeads, keyHeads], headDim);
      const table = (isLocal ? group.localRotations : group.rotations)!;
      const queries = rotary(queryNorm?.apply(q!) ?? q!, table, rotaryPairs);
      const keys = rotary(keyNorm?.apply(k!) ?? k!, table, rotaryPairs);
      const attended = group.attend(queries, keys, v!, layer, options); // [n, nH * hd]
      return around.after(linears.o.apply(attended, group));
    },
  });
}

/** The linear layers of attention: q, k and v as one stack, and the output. */
function attentionLinears(
  config: ModelConfig,
  read: ModelReader,
  name: string,
  names: ModuleNames,
  { biases }: GroupedAttentionOptions,
): Record<"qkv" | "o", Linear> {
  const { hidden_size: dim, head_dim: headDim, attention_bias: hasBias } = config;
  const queries = config.num_attention_heads * headDim;
  const keys = config.num_key_value_heads * headDim;
  const outputs = sizesOf(names.qkv, [queries, keys, keys]);
  return {
    qkv: read.stack(name, outputs, dim, biases?.qkv ?? hasBias),
    o: read.stack(name, { [names.o]: dim }, queries, biases?.o ?? hasBias),
  };
}

/** What a decoder has beside its layers. */
export interface DecoderOptions {
  names?: ModuleNames;
  rotary: CausalLanguageModel["rotary"];
  /** Style of the last norm. */
  norm?: NormStyle;
  normalizesRows?: boolean;
  embeddingScale?: number;
  softCap?: number | undefined;
}

/**
 * A model of layers, by default in Llama's names.
 *
 * @param branchesOf the branches of a layer, in order
 */
export function decoder(
  config: ModelConfig,
  read: ModelReader,
  branchesOf: (layer: number) => ModelBranch[],
  { norm, normalizesRows = false, embeddingScale, softCap, ...options }: DecoderOptions,
): CausalLanguageModel {
  const { hidden_size: dim, vocab_size: vocabulary, num_hidden_layers: layers } = config;
  const { names = llamaNames, rotary } = options;
  const embedding = read.parameter(`${names.embedding}.weight`, [vocabulary, dim]);
  const branches = Array.from({ length: layers }, (_, layer) => branchesOf(layer)).flat();
  const last = normOf(config, read, names.lastNorm, dim, norm);
  const head = `${names.head}.weight`;
  const tied = config.tie_word_embeddings || !read.has(head);
  if (tied) read.leaveOut(head);
  return {
    config,
    dtype: read.dtype,
    device: read.device,
    embedding,
    embeddingScale,
    branches,
    output: {
      name: names.head,
      norm: last.apply,
      norms: [last.parameter],
      weight: tied ? embedding : read.parameter(head, [vocabulary, dim]),
      normalizesRows,
      softCap,
    },
    rotary,
  };
}

/**
 * The names of a model's modules by those that they have in GGUF files, where layers are fused as in
 * Hugging Face's files: `attn_qkv` has q, k and v, `ffn_up` gate and up.
 *
 * @param norms further norms of a layer, or other names of them, by GGUF's; empty for none
 */
export function ggufNamesOf(
  names: ModuleNames,
  norms: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const layer = `${names.layers}.N`;
  const attention = `${layer}.${names.attention}`;
  const feedForward = `${layer}.${names.feedForward}`;
  const within = (module: string, own: readonly string[], gguf: readonly string[]) =>
    own.map((name, i) => [`blk.N.${gguf[i]}`, `${module}.${name}`] as const);
  const isFused = ({ length }: readonly string[]) => length === 1;
  return Object.fromEntries([
    ["token_embd", names.embedding],
    ["output_norm", names.lastNorm],
    ["output", names.head],
    ...within(
      attention,
      names.qkv,
      isFused(names.qkv) ? ["attn_qkv"] : ["attn_q", "attn_k", "attn_v"],
    ),
    ...within(attention, [names.o], ["attn_output"]),
    ...within(
      feedForward,
      names.gateUp,
      isFused(names.gateUp) ? ["ffn_up"] : ["ffn_gate", "ffn_up"],
    ),
    ...within(feedForward, [names.down], ["ffn_down"]),
    ...Object.entries({
      attn_norm: names.attentionNorm,
      ffn_norm: names.feedForwardNorm,
      ...norms,
    }).flatMap(([gguf, own]) => (own ? [[`blk.N.${gguf}`, `${layer}.${own}`] as const] : [])),
  ]);
}

/**
 * For architectures whose layers have no biases in llama.cpp.
 *
 * @param key of config.json that says so
 * @throws ConfigError where the model has some
 */
export function refuseGgufBias(hasBias: boolean, key: string): Record<string, never> {
  if (!hasBias) return {};
  throw new ConfigError(`a model with ${key}: true cannot be written as GGUF`, {
    why: "llama.cpp's architecture for it has no such biases",
    todo: "export safetensors instead",
  });
}

/** Llama's names by GGUF's. */
export const ggufNames: Readonly<Record<string, string>> = ggufNamesOf(llamaNames);
