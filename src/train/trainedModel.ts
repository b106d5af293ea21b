/** The model of a run: loaded, quantized and adapted as the configuration says. */
import { locateModel, type ModelPlace } from "../generate/index.js";
import {
  type AttachedAdapter,
  adapterStack,
  attachNewAdapter,
  checkNewAdapter,
  describeAdapter,
  loadStack,
  quantizeLinear,
  readAdapterConfig,
  restoreAdapter,
  saveAdapter,
  stackOptions,
} from "../lora/index.js";
import {
  type CausalLanguageModel,
  countElements,
  describeModel,
  type LoadOptions,
  loadModel,
  type ModelConfig,
  modelParameters,
  modelTensors,
  openModelWeights,
  saveModel,
  trainAllParameters,
  trainableParameters,
} from "../models/index.js";
import { dispose, noGrad, tidy } from "../tensor/index.js";
import { hashKey } from "../util/hash.js";
import type { DeviceConfig, TrainingConfig } from "./config/index.js";
import { modelOptions } from "./continued.js";
import { newAdapterSettings } from "./newAdapter.js";
import { makeRows, type NewTokens, withTokenRows } from "./newTokens.js";

/**
 * Where the files of the model and of the adapters that training starts from lie; what is not here is
 * downloaded.
 *
 * @throws ConfigError where there are none; EnvironmentError where they cannot be downloaded
 */
export function fetchBaseModel(config: TrainingConfig): Promise<ModelPlace> {
  const { model_name_or_path: name, adapter_name_or_path: adapters } = config;
  return locateModel(name, adapters ?? [], modelOptions(config));
}

/** A model with fewer weights is loaded before one wonders. */
const LARGE_MODEL = 1e9;

/** Said before a large model is loaded, which can take minutes. */
export function loadingNotes({ train_mode: mode }: TrainingConfig, place: ModelPlace): string[] {
  const count = tidy(() => {
    const weights = openModelWeights(place.path);
    weights.close();
    return countElements(describeModel(weights.config)).all;
  });
  if (count < LARGE_MODEL) return [];
  const how = mode === "qlora" ? "; they are quantized to 4 bits as they are read" : "";
  return [`Loading ${(count / 1e9).toFixed(2)} billion weights of ${place.name}${how}.`];
}

/** A model, and the adapters on it, the lowest first; the last of them is trained. */
export interface TrainedModel {
  model: CausalLanguageModel;
  adapters: readonly AttachedAdapter[];
}

/**
 * Loads the model with its trainable parameters marked.
 *
 * @param tokens that the model gets rows for
 * @param checkpoint directory to take the trained weights from, when a run is resumed
 * @param options.withoutValues for a rehearsal
 */
export function loadTrainedModel(
  config: DeviceConfig,
  place: ModelPlace,
  tokens: NewTokens,
  checkpoint?: string,
  { withoutValues = false }: Pick<LoadOptions, "withoutValues"> = {},
): TrainedModel {
  const { train_mode: mode, device, computeDtype } = config;
  if (mode === "full") {
    // The master weights of full fine-tuning are float32, as in mixed precision everywhere.
    const options = { dtype: "float32", device, trainsWeights: true, withoutValues } as const;
    const model = loadModel(checkpoint ?? place.path, options);
    if (!checkpoint) makeRows(model, tokens);
    trainAllParameters(model);
    return { model, adapters: [] };
  }
  const transform = mode === "qlora" ? { transform: quantizeLinear } : {};
  const options = { dtype: computeDtype, device, withoutValues, ...transform };
  const model = loadModel(place.path, options);
  const goesOn = place.adapters.length > 0 && !config.create_new_adapter;
  if (checkpoint || goesOn) {
    const stack = checkpoint ? adapterStack(checkpoint) : place.adapters;
    const dropout = config.lora_dropout;
    const adapters = loadStack(model, stack, { training: true, dropout });
    return { model, adapters: namedBase(adapters, place) };
  }
  const below = loadStack(model, place.adapters);
  const rowsBefore = model.embedding.tensor.size(0);
  makeRows(model, tokens);
  const settings = withTokenRows(newAdapterSettings(config, model, place.name), model, {
    ...tokens,
    rowsBefore,
  });
  checkNewAdapter(model, settings);
  const seed = hashKey(config.seed, 1) % 2 ** 31;
  return { model, adapters: [...below, attachNewAdapter(model, settings, seed)] };
}

/** The last adapter with the base model that it is trained on here. */
function namedBase(
  adapters: readonly AttachedAdapter[],
  { name }: ModelPlace,
): readonly AttachedAdapter[] {
  return adapters.map((adapter) => ({
    ...adapter,
    config: { ...adapter.config, base_model_name_or_path: name },
  }));
}

/**
 * Puts the weights of a checkpoint of this run back into its model, in place.
 *
 * @throws FormatError where they do not fit
 */
export function restoreTrained(
  { model, adapters }: TrainedModel,
  config: DeviceConfig,
  checkpoint: string,
): void {
  const trained = adapters.at(-1);
  if (trained) {
    restoreAdapter(trained, checkpoint);
    return;
  }
  const options = { dtype: "float32", device: config.device, trainsWeights: true } as const;
  const stored = loadModel(checkpoint, options);
  try {
    const values = new Map(modelParameters(stored).map(({ name, tensor }) => [name, tensor]));
    for (const [name, tensor] of trainableParameters(model)) {
      noGrad(() => tidy(() => void tensor.detach().copy_(values.get(name)!)));
    }
  } finally {
    dispose(modelTensors(stored));
  }
}

/**
 * The model of a run without its weights: shapes and what is trained, for everything that counts.
 * Call within `tidy`.
 */
export function describeTrainedModel(
  model: ModelConfig,
  config: DeviceConfig,
  adapters: readonly string[],
  tokens: NewTokens,
): CausalLanguageModel {
  const described = describeModel(model);
  const rowsBefore = described.embedding.tensor.size(0);
  if (config.train_mode === "full") {
    makeRows(described, tokens);
    trainAllParameters(described);
    return described;
  }
  const goesOn = adapters.length > 0 && !config.create_new_adapter;
  const toQuantize = config.train_mode === "qlora";
  adapters.forEach((directory, i) => {
    const options = stackOptions(i, goesOn && i === adapters.length - 1);
    describeAdapter(described, readAdapterConfig(directory), { ...options, toQuantize });
  });
  if (goesOn) return described;
  makeRows(described, tokens);
  const settings = withTokenRows(newAdapterSettings(config, described), described, {
    ...tokens,
    rowsBefore,
  });
  checkNewAdapter(described, settings);
  describeAdapter(described, settings, { training: true, toQuantize });
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
    saveAdapter(adapters, directory, { plain: config.save_plain_lora && !resumable });
  }
}
