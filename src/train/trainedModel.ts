/** The model of a run: loaded, quantized and adapted as the configuration says. */
import { fetchModel, type ModelOptions, modelOnDisk, noModel } from "../hub/index.js";
import {
  attachAdapters,
  describeAdapters,
  type LoraOptions,
  loadAdapter,
  quantizeLinear,
  saveAdapter,
  trainAdapters,
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

/** The settings of the adapter, in PEFT's names. */
export function loraOptions(config: TrainingConfig): LoraOptions {
  return {
    r: config.lora_rank!,
    lora_alpha: config.lora_alpha,
    lora_dropout: config.lora_dropout,
    target_modules: config.lora_target,
  };
}

/**
 * Loads the model with its trainable parameters marked.
 *
 * @param checkpoint directory to take the trained weights from, when a run is resumed
 */
export function loadTrainedModel(config: DeviceConfig, checkpoint?: string): CausalLanguageModel {
  const { train_mode: mode, device, computeDtype } = config;
  if (mode === "full") {
    // The master weights of full fine-tuning are float32, as in mixed precision everywhere.
    const options = { dtype: "float32", device, trainsWeights: true } as const;
    const model = loadModel(checkpoint ?? modelPath(config), options);
    trainAllParameters(model);
    return model;
  }
  const transform = mode === "qlora" ? { transform: quantizeLinear } : {};
  const model = loadModel(modelPath(config), { dtype: computeDtype, device, ...transform });
  if (checkpoint) {
    loadAdapter(model, checkpoint, { training: true });
  } else {
    attachAdapters(model, loraOptions(config), { seed: hashKey(config.seed, 1) % 2 ** 31 });
    trainAdapters(model);
  }
  return model;
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
  describeAdapters(described, loraOptions(config));
  trainAdapters(described);
  return described;
}

/**
 * Writes what was trained: the adapter, or the whole model.
 *
 * @param resumable whole models in float32, for going on with the same numbers
 */
export function saveTrained(
  model: CausalLanguageModel,
  config: DeviceConfig,
  directory: string,
  resumable: boolean,
): void {
  if (config.train_mode === "full") {
    saveModel(model, directory, resumable ? "float32" : config.computeDtype);
  } else {
    saveAdapter(model, directory, loraOptions(config), config.model_name_or_path);
  }
}
