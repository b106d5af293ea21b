/** The model of a run: loaded, quantized and adapted as the configuration says. */
import { fetchModel, type ModelOptions, modelOnDisk, noModel } from "../hub/index.js";
import {
  type AdapterConfig,
  type AttachedAdapter,
  attachNewAdapter,
  checkAllMatch,
  describeAdapter,
  lastName,
  linearNames,
  loadAdapter,
  newAdapterConfig,
  quantizeLinear,
  saveAdapter,
} from "../lora/index.js";
import {
  type CausalLanguageModel,
  describeModel,
  loadModel,
  type ModelConfig,
  saveModel,
  trainAllParameters,
} from "../models/index.js";
import { hashKey } from "../util/hash.js";
import type { DeviceConfig, TrainingConfig } from "./config/index.js";

/**
 * Path of the model's files, which are downloaded where they are not here.
 *
 * @throws ConfigError where there are none; EnvironmentError where they cannot be downloaded
 */
export function fetchBaseModel(config: TrainingConfig): Promise<string> {
  return fetchModel(config.model_name_or_path, modelOptions(config));
}

/**
 * Path of the model's files on this disk.
 *
 * @throws ConfigError where there are none.
 */
export function modelPath(config: TrainingConfig): string {
  const { model_name_or_path: name } = config;
  const found = modelOnDisk(name, modelOptions(config));
  if (found) return found;
  throw noModel(name, modelOptions(config));
}

function modelOptions({ cache_dir, model_revision }: TrainingConfig): ModelOptions {
  return { cacheDirectory: cache_dir ?? undefined, revision: model_revision ?? undefined };
}

/** A new adapter as the configuration says, for a model. */
function newAdapter(config: TrainingConfig, model: CausalLanguageModel): AdapterConfig {
  const { lora_target: targets } = config;
  const settings = newAdapterConfig(
    {
      r: config.lora_rank!,
      lora_alpha: config.lora_alpha,
      lora_dropout: config.lora_dropout,
      // PEFT writes the names that its shorthand stands for.
      target_modules: targets === "all" ? lastNames(linearNames(model)) : targets,
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
    },
    config.model_name_or_path,
  );
  checkAllMatch(model, settings);
  return settings;
}

function lastNames(names: readonly string[]): string[] {
  return [...new Set(names.map(lastName))].sort();
}

/** A model, and the adapters on it, the lowest first; the last of them is trained. */
export interface TrainedModel {
  model: CausalLanguageModel;
  adapters: readonly AttachedAdapter[];
}

/**
 * Loads the model with its trainable parameters marked.
 *
 * @param checkpoint directory to take the trained weights from, when a run is resumed
 */
export function loadTrainedModel(config: DeviceConfig, checkpoint?: string): TrainedModel {
  const { train_mode: mode, device, computeDtype } = config;
  if (mode === "full") {
    // The master weights of full fine-tuning are float32, as in mixed precision everywhere.
    const options = { dtype: "float32", device, trainsWeights: true } as const;
    const model = loadModel(checkpoint ?? modelPath(config), options);
    trainAllParameters(model);
    return { model, adapters: [] };
  }
  const transform = mode === "qlora" ? { transform: quantizeLinear } : {};
  const model = loadModel(modelPath(config), { dtype: computeDtype, device, ...transform });
  if (checkpoint) return { model, adapters: loadAdapter(model, checkpoint, { training: true }) };
  const seed = hashKey(config.seed, 1) % 2 ** 31;
  return { model, adapters: [attachNewAdapter(model, newAdapter(config, model), seed)] };
}

/**
 * The model of a run without its weights: shapes and what is trained, for everything that counts.
 * Call within `tidy`.
 */
export function describeTrainedModel(
  model: ModelConfig,
  config: DeviceConfig,
): CausalLanguageModel {
  const described = describeModel(model);
  if (config.train_mode === "full") {
    trainAllParameters(described);
    return described;
  }
  describeAdapter(described, newAdapter(config, described));
  return described;
}

/**
 * Writes what was trained: the adapter, or the whole model.
 *
 * @param resumable whole models in float32, for going on with the same numbers
 */
export function saveTrained(
  { model, adapters }: TrainedModel,
  config: DeviceConfig,
  directory: string,
  resumable: boolean,
): void {
  if (config.train_mode === "full") {
    saveModel(model, directory, resumable ? "float32" : config.computeDtype);
  } else {
    saveAdapter(adapters, directory);
  }
}
