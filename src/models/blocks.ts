/** Building blocks that families share. A family writes its attention and lists its branches. */
import { type Linear, rmsNorm, swiglu } from "../nn/index.js";
import type { ModelConfig } from "./config.js";
import type { CausalLanguageModel, ModelBranch, ModelReader, OutputHead } from "./types.js";

/** A branch with the parameters of its norms and linear layers. */
export function modelBranch(branch: Omit<ModelBranch, "parameters">): ModelBranch {
  return {
    ...branch,
    parameters: () => [
      ...branch.norms,
      ...Object.values(branch.linears).flatMap((linear) => linear.parameters()),
    ],
  };
}

/** Llama's feed-forward branch: `down(silu(gate(norm(x))) * up(norm(x)))`. */
export function gatedFeedForward(
  config: ModelConfig,
  read: ModelReader,
  layer: number,
): ModelBranch {
  const { hidden_size: dim, intermediate_size: width, rms_norm_eps: epsilon } = config;
  const name = `model.layers.${layer}.mlp`;
  const norm = read.parameter(`model.layers.${layer}.post_attention_layernorm.weight`, [dim]);
  const linears: Record<"gateUp" | "down", Linear> = {
    gateUp: read.stack(name, { gate_proj: width, up_proj: width }, dim, config.mlp_bias),
    down: read.stack(name, { down_proj: dim }, width, config.mlp_bias),
  };
  return modelBranch({
    name,
    layer,
    norms: [norm],
    linears,
    attention: null,
    forward(x, group) {
      const both = linears.gateUp.apply(rmsNorm(x, norm, epsilon), group); // [n, 2 * width]
      return linears.down.apply(swiglu(both), group);
    },
  });
}

/** Where a layer's attention is; old checkpoints keep its table of rotations too. */
export function attentionModule(read: ModelReader, layer: number): string {
  const name = `model.layers.${layer}.self_attn`;
  read.leaveOut(`${name}.rotary_emb.inv_freq`);
  return name;
}

/**
 * The linear layers of attention with grouped heads: q, k and v as one stack, and the output.
 *
 * @param name their module
 * @param biases whether they have biases
 */
export function attentionLinears(
  config: ModelConfig,
  read: ModelReader,
  name: string,
  biases: { qkv: boolean; o: boolean },
): Record<"qkv" | "o", Linear> {
  const { hidden_size: dim, head_dim: headDim } = config;
  const queries = config.num_attention_heads * headDim;
  const keys = config.num_key_value_heads * headDim;
  const outputs = { q_proj: queries, k_proj: keys, v_proj: keys };
  return {
    qkv: read.stack(name, outputs, dim, biases.qkv),
    o: read.stack(name, { o_proj: dim }, queries, biases.o),
  };
}

/** A model whose layers are an attention branch and a {@link gatedFeedForward}, in Llama's names. */
export function decoder(
  config: ModelConfig,
  read: ModelReader,
  attention: (layer: number) => ModelBranch,
  options: Partial<Pick<OutputHead, "normalizesRows">> & {
    rotary: CausalLanguageModel["rotary"];
  },
): CausalLanguageModel {
  const { hidden_size: dim, vocab_size: vocabulary, num_hidden_layers: layers } = config;
  const embedding = read.parameter("model.embed_tokens.weight", [vocabulary, dim]);
  const branches: ModelBranch[] = [];
  for (let layer = 0; layer < layers; layer++) {
    branches.push(attention(layer), gatedFeedForward(config, read, layer));
  }
  const norm = read.parameter("model.norm.weight", [dim]);
  const tied = config.tie_word_embeddings || !read.has("lm_head.weight");
  if (tied) read.leaveOut("lm_head.weight");
  return {
    config,
    dtype: read.dtype,
    device: read.device,
    embedding,
    branches,
    output: {
      norm: (x) => rmsNorm(x, norm, config.rms_norm_eps),
      norms: [norm],
      weight: tied ? embedding : read.parameter("lm_head.weight", [vocabulary, dim]),
      normalizesRows: options.normalizesRows ?? false,
    },
    rotary: options.rotary,
  };
}

/** Norms, biases and linear layers that Llama-like models share, in GGUF's names. */
export const ggufNames: Readonly<Record<string, string>> = {
  token_embd: "model.embed_tokens",
  output_norm: "model.norm",
  output: "lm_head",
  "blk.N.attn_norm": "model.layers.N.input_layernorm",
  "blk.N.attn_q": "model.layers.N.self_attn.q_proj",
  "blk.N.attn_k": "model.layers.N.self_attn.k_proj",
  "blk.N.attn_v": "model.layers.N.self_attn.v_proj",
  "blk.N.attn_output": "model.layers.N.self_attn.o_proj",
  "blk.N.ffn_norm": "model.layers.N.post_attention_layernorm",
  "blk.N.ffn_gate": "model.layers.N.mlp.gate_proj",
  "blk.N.ffn_up": "model.layers.N.mlp.up_proj",
  "blk.N.ffn_down": "model.layers.N.mlp.down_proj",
};
