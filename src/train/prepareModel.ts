/** The model of a run: loaded, quantised and adapted as the configuration says. */

import { fetchModel, type ModelOptions, modelOnDisk, noModel } from "../hub/index.js";
import {
  adaptersOf,
  attachAdapters,
  type LoraOptions,
  loadAdapter,
  quantizeLinear,
  saveAdapter,
} from "../lora/index.js";
import {
  type CausalLanguageModel,
  loadModel,
  modelTensors,
  saveModel,
  trainableParameters,
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
 * @param checkpoint directory to take the trained weights from, when a run goes on
 */
export function prepareModel(config: DeviceConfig, checkpoint?: string): CausalLanguageModel {
  const { train_mode: mode, device, computeDtype } = config;
  if (mode === "full") {
    // The master weights of full fine-tuning are float32, as in mixed precision everywhere.
    const model = loadModel(checkpoint ?? modelPath(config), { dtype: "float32", device });
    for (const parameter of modelTensors(model)) parameter.requiresGrad_();
    return model;
  }
  const model = loadModel(modelPath(config), {
    dtype: computeDtype,
    device,
    ...(mode === "qlora" ? { transform: quantizeLinear } : {}),
  });
  if (checkpoint) {
    loadAdapter(model, checkpoint, { training: true });
  } else {
    attachAdapters(model, loraOptions(config), { seed: hashKey(config.seed, 1) % 2 ** 31 });
    for (const { adapter } of adaptersOf(model)) {
      adapter.a.requiresGrad_();
      adapter.b.requiresGrad_();
    }
  }
  return model;
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

/** Numbers of weights: all, and those that are trained. */
export function countParameters(model: CausalLanguageModel): { all: number; trainable: number } {
  const { vocab_size: vocabulary, hidden_size: dim, num_hidden_layers: layers } = model.config;
  const linears = model.branches.flatMap((branch) => Object.values(branch.linears));
  const base =
    vocabulary * dim * (model.head === model.embedding ? 1 : 2) +
    linears.reduce((sum, { inFeatures, outFeatures, bias }) => {
      return sum + inFeatures * outFeatures + (bias ? outFeatures : 0);
    }, 0) +
    (2 * layers + 1) * dim;
  let trainable = 0;
  for (const parameter of trainableParameters(model).values()) trainable += parameter.numel;
  const added = model.embedding.requiresGrad ? 0 : trainable;
  return { all: base + added, trainable };
}
