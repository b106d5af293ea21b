/**
 * The mixtures of experts of Qwen3 (Yang et al., 2025, arXiv 2505.09388): Qwen3's attention, and in
 * place of some or all feed-forward branches experts, of which a router chooses some for each token.
 */
import { keyReader } from "../format/index.js";
import { ConfigError } from "../util/errors.js";
import { decoder, gatedFeedForward, groupedAttention } from "./blocks.js";
import { type ModelConfig, parseModelConfig } from "./config.js";
import { type MixtureOptions, mixtureOfExperts } from "./experts.js";
import { checkDecoder, llamaDefaults } from "./llama.js";
import { windowOff } from "./qwen2.js";
import type { ModelFamily } from "./types.js";
import { refuseMixedLayers } from "./windows.js";

const COUNT = { whole: true, least: 1, most: 2 ** 16 } as const;

/** The keys of the family's own, with transformers' defaults. */
function keysOf({ raw }: ModelConfig, where = "config.json") {
  const keys = keyReader(raw, where);
  const none = { ...COUNT, least: 0 };
  // transformers 5 writes the number of experts under another name.
  const experts = keys.number("num_experts", none) ?? keys.number("num_local_experts", none) ?? 128;
  const perToken = keys.number("num_experts_per_tok", COUNT) ?? 8;
  if (experts > 0 && perToken > experts) {
    keys.fail("num_experts_per_tok", `is ${perToken}, with ${experts} experts`);
  }
  const every = keys.number("decoder_sparse_step", COUNT) ?? 1;
  const dense = keys.numbers("mlp_only_layers", { whole: true, least: 0 }) ?? [];
  const mixture: MixtureOptions = {
    experts,
    perToken,
    width: keys.number("moe_intermediate_size", { ...COUNT, most: 2 ** 31 }) ?? 768,
    normalizes: keys.boolean("norm_topk_prob") ?? false,
    factor: 1,
  };
  const hasExperts = (layer: number) =>
    experts > 0 && !dense.includes(layer) && (layer + 1) % every === 0;
  return { mixture, hasExperts, addsLoss: keys.boolean("output_router_logits") ?? false };
}

export const qwen3_moe: ModelFamily = {
  configure(raw, where) {
    const config = parseModelConfig(windowOff(raw), where, {
      ...llamaDefaults,
      max_position_embeddings: 32768,
      num_key_value_heads: 4,
      sliding_window: 4096,
    });
    keysOf({ ...config, raw }, where);
    return { ...config, raw };
  },
  check(config) {
    checkDecoder(config);
    refuseMixedLayers(config);
    if (!keysOf(config).addsLoss) return;
    throw new ConfigError("output_router_logits: true is not supported for qwen3_moe models", {
      why: "transformers adds a loss for the balance of the experts to that of training then, which is not computed here; the published models have false",
      todo: "set output_router_logits to false in config.json",
    });
  },
  build(config, read) {
    const { mixture, hasExperts } = keysOf(config);
    const options = { window: config.sliding_window ?? undefined };
    return decoder(
      config,
      read,
      (layer) => [
        groupedAttention(config, read, layer, { headNorms: "each", options }),
        hasExperts(layer)
          ? mixtureOfExperts(config, read, layer, mixture)
          : gatedFeedForward(config, read, layer),
      ],
      { rotary: { parameters: config, inFloat32: false } },
    );
  },
  gguf: null,
};
