/** A new adapter as a configuration says. */
import { type AdapterConfig, lastName, newAdapterConfig, planAdapter } from "../lora/index.js";
import type { CausalLanguageModel } from "../models/index.js";
import type { TrainingConfig } from "./config/index.js";

/** Settings of the adapter, in PEFT's names. @param baseModel what the base model is called */
export function newAdapterSettings(
  config: TrainingConfig,
  model: CausalLanguageModel,
  baseModel: string = config.model_name_or_path,
): AdapterConfig {
  const { lora_target: targets } = config;
  const settings = {
    r: config.lora_rank ?? 64,
    lora_alpha: config.lora_alpha,
    lora_dropout: config.lora_dropout,
    target_modules: targets === "all" ? "all-linear" : targets,
    exclude_modules: config.exclude_modules,
    layers_to_transform: config.layers_to_transform,
    layers_pattern: config.layers_pattern,
    rank_pattern: config.rank_pattern,
    alpha_pattern: config.alpha_pattern,
    use_rslora: config.use_rslora,
    use_dora: config.use_dora,
    lora_bias: config.lora_bias,
    bias: config.bias,
    modules_to_save: config.modules_to_save,
    trainable_token_indices: config.trainable_token_indices,
    ensure_weight_tying: config.ensure_weight_tying,
    init_lora_weights: config.init_lora_weights,
  };
  const adapter = { ...newAdapterConfig(settings, baseModel), revision: config.model_revision };
  if (targets !== "all") return adapter;
  // PEFT too writes the names that its shorthand stands for.
  const names = [...planAdapter(model, adapter).targets].map(lastName);
  return { ...adapter, target_modules: [...new Set(names)].sort() };
}
