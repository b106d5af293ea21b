/**
 * Baichuan and Baichuan2 (Yang et al., 2023, arXiv 2309.10305): Llama with q, k and v in one layer
 * `W_pack`. The 13B models have linear biases (ALiBi) instead of rotary positions; Baichuan2 divides
 * the rows of its output head by their norms (NormHead).
 *
 * config.json names neither: an ALiBi model is the one without `max_position_embeddings`, a NormHead
 * that with `z_loss_weight` or with Baichuan2's vocabulary (some published files lack the key).
 */
import { alibiSlopes, type Linear, rmsNorm, rotary, splitHeads } from "../nn/index.js";
import { ConfigError } from "../util/errors.js";
import { attentionModule, decoder, gatedFeedForward, modelBranch } from "./blocks.js";
import { type ModelConfig, parseModelConfig } from "./config.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import type { ModelBranch, ModelFamily, ModelReader } from "./types.js";

/** Tokens of Baichuan2; a resized vocabulary is larger. */
const BAICHUAN2_VOCABULARY = 125696;

const hasAlibi = ({ raw }: ModelConfig) => !Object.hasOwn(raw, "max_position_embeddings");

const hasNormHead = ({ raw, vocab_size: vocabulary }: ModelConfig) =>
  Object.hasOwn(raw, "z_loss_weight") || vocabulary >= BAICHUAN2_VOCABULARY;

function attention(config: ModelConfig, read: ModelReader, layer: number): ModelBranch {
  const { hidden_size: dim, num_attention_heads: heads, rms_norm_eps: epsilon } = config;
  const headDim = dim / heads;
  const name = attentionModule(read, layer);
  const norm = read.parameter(`model.layers.${layer}.input_layernorm.weight`, [dim]);
  const linears: Record<"qkv" | "o", Linear> = {
    qkv: read.stack(name, { W_pack: 3 * dim }, dim),
    o: read.stack(name, { o_proj: dim }, dim),
  };
  const options = hasAlibi(config) ? { alibiSlopes: alibiSlopes(heads) } : {};
  return modelBranch({
    name,
    layer,
    norms: [norm],
    linears,
    attention: { heads, keyHeads: heads, headDim, options },
    forward(x, group) {
      const mixed = linears.qkv.apply(rmsNorm(x, norm, epsilon), group); // [n, 3 * nH * hd]
      const [q, k, v] = splitHeads(mixed, [heads, heads, heads], headDim);
      const table = group.rotations;
      const [queries, keys] = table ? [rotary(q!, table), rotary(k!, table)] : [q!, k!];
      return linears.o.apply(group.attend(queries, keys, v!, layer, options), group);
    },
  });
}

export const baichuan: ModelFamily = {
  configure: (raw, where) =>
    parseModelConfig(raw, where, { ...llamaDefaults, max_position_embeddings: 4096 }),
  check(config) {
    checkDecoder(config);
    if (Number(config.raw.z_loss_weight ?? 0) !== 0) {
      throw new ConfigError("z_loss_weight above 0 is not supported for baichuan models", {
        why: "the published models have 0, and this term of the loss is not computed here",
        todo: "set z_loss_weight to 0 in config.json",
      });
    }
  },
  build: (config, read) =>
    decoder(
      config,
      read,
      (layer) => [attention(config, read, layer), gatedFeedForward(config, read, layer)],
      {
        normalizesRows: hasNormHead(config),
        // Baichuan rotates in the type of the activations, Baichuan2 in float32.
        rotary: hasAlibi(config) ? null : { parameters: config, inFloat32: hasNormHead(config) },
      },
    ),
  gguf: null,
};
