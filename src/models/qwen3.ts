/**
 * Qwen3 (Yang et al., 2025, arXiv 2505.09388): Llama with RMS norms on the heads of q and k, and
 * heads whose size is written out.
 */
import { rmsNorm, rotary, splitHeads } from "../nn/index.js";
import { attentionLinears, attentionModule, decoder, ggufNames, modelBranch } from "./blocks.js";
import { type ModelConfig, parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import { refuseWindow } from "./qwen2.js";
import type { ModelBranch, ModelFamily, ModelReader } from "./types.js";

function attention(config: ModelConfig, read: ModelReader, layer: number): ModelBranch {
  const {
    hidden_size: dim,
    num_attention_heads: heads,
    num_key_value_heads: keyHeads,
    head_dim: headDim,
    rms_norm_eps: epsilon,
  } = config;
  const name = attentionModule(read, layer);
  const norm = read.parameter(`model.layers.${layer}.input_layernorm.weight`, [dim]);
  const queryNorm = read.parameter(`${name}.q_norm.weight`, [headDim]);
  const keyNorm = read.parameter(`${name}.k_norm.weight`, [headDim]);
  const biases = { qkv: config.attention_bias, o: config.attention_bias };
  const linears = attentionLinears(config, read, name, biases);
  return modelBranch({
    name,
    layer,
    norms: [norm, queryNorm, keyNorm],
    linears,
    attention: { heads, keyHeads, headDim, options: {} },
    forward(x, group) {
      const mixed = linears.qkv.apply(rmsNorm(x, norm, epsilon), group); // [n, (nH + 2 nKv) * hd]
      const [q, k, v] = splitHeads(mixed, [heads, keyHeads, keyHeads], headDim);
      const queries = rotary(rmsNorm(q!, queryNorm, epsilon), group.rotations!);
      const keys = rotary(rmsNorm(k!, keyNorm, epsilon), group.rotations!);
      return linears.o.apply(group.attend(queries, keys, v!, layer), group);
    },
  });
}

export const qwen3: ModelFamily = {
  configure: (raw, where) =>
    parseModelConfig(raw, where, {
      ...llamaDefaults,
      max_position_embeddings: 32768,
      head_dim: 128,
    }),
  check(config) {
    checkDecoder(config);
    refuseWindow(config);
  },
  build: (config, read) =>
    decoder(config, read, (layer) => attention(config, read, layer), {
      rotary: { parameters: config, inFloat32: false },
    }),
  gguf: {
    architecture: "qwen3",
    className: "Qwen3ForCausalLM",
    names: {
      ...ggufNames,
      "blk.N.attn_q_norm": "model.layers.N.self_attn.q_norm",
      "blk.N.attn_k_norm": "model.layers.N.self_attn.k_norm",
    },
    interleavesHeads: false,
  },
};
