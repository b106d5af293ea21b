/**
 * InternLM2 and InternLM2.5 (Cai et al., 2024, arXiv 2403.17297): Llama under names of its own, with
 * q, k and v in one layer `wqkv`, whose outputs follow each other by key heads.
 */
import { splitGroups } from "../nn/index.js";
import {
  decoder,
  gatedFeedForward,
  ggufNamesOf,
  groupedAttention,
  type ModuleNames,
  refuseGgufBias,
} from "./blocks.js";
import { parseModelConfig } from "./config.js";
import { internlm2AsLlama } from "./internlm2AsLlama.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelFamily } from "./types.js";

const names: ModuleNames = {
  embedding: "model.tok_embeddings",
  layers: "model.layers",
  lastNorm: "model.norm",
  head: "output",
  attentionNorm: "attention_norm",
  attention: "attention",
  qkv: ["wqkv"],
  o: "wo",
  feedForwardNorm: "ffn_norm",
  feedForward: "feed_forward",
  gateUp: ["w1", "w3"],
  down: "w2",
};

export const internlm2: ModelFamily = {
  configure(raw, where) {
    const { bias, ...rest } = raw;
    const config = parseModelConfig({ ...rest, attention_bias: bias }, where, {
      ...llamaDefaults,
      attention_bias: true,
      pad_token_id: 0,
    });
    return { ...config, raw };
  },
  check: checkDecoder,
  build: (config, read) =>
    decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, { names, split: splitGroups }),
        gatedFeedForward(config, read, layer, { names }),
      ],
      { names, rotary: { parameters: config, inFloat32: false } },
    ),
  gguf: {
    architecture: "internlm2",
    className: "InternLM2ForCausalLM",
    names: ggufNamesOf(names),
    own: ({ attention_bias: hasBias }) => refuseGgufBias(hasBias, "bias"),
    interleavesHeads: true,
    split: {
      "model.layers.N.attention.wqkv": ["blk.N.attn_q", "blk.N.attn_k", "blk.N.attn_v"],
    },
    splitsByGroups: true,
    configure: ({ attention_bias: bias, ...rest }) => ({ ...rest, bias }),
  },
  asLlama: internlm2AsLlama,
};
