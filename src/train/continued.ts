/**
 * Training that goes on from adapters: what their files say takes the place of the settings of a new
 * adapter, and a setting that says otherwise is refused.
 */
import path from "node:path";
import { locateModel, type ModelPlace } from "../generate/index.js";
import { isHubName, type ModelOptions, modelOnDisk } from "../hub/index.js";
import {
  type AdapterConfig,
  isAdapterDirectory,
  planAdapter,
  readAdapterConfig,
  takesPart,
} from "../lora/index.js";
import { describeModel, openModelWeights } from "../models/index.js";
import { tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import type { LoadedConfig, TrainingConfig } from "./config/index.js";
import { newAdapterSettings } from "./newAdapter.js";

/** Options for finding the files of a configuration's model. */
export function modelOptions({ cache_dir, model_revision }: TrainingConfig): ModelOptions {
  return { cacheDirectory: cache_dir ?? undefined, revision: model_revision ?? undefined };
}

/**
 * Fits a configuration to the adapters that its model or `adapter_name_or_path` names.
 *
 * @returns the same configuration where there are none
 * @throws ConfigError where something is not there; where train_mode or a setting of the adapter
 *   contradicts it
 */
export async function settleAdapters(loaded: LoadedConfig): Promise<LoadedConfig> {
  const place = await placeOfAdapters(loaded.config);
  if (!place || place.adapters.length === 0) return loaded;
  const { config, origins } = loaded;
  checkMode(loaded, place);
  checkTokens(config, place);
  checkOutput(config, place);
  const mode = config.train_mode === "full" ? "lora" : config.train_mode;
  // Of a model on the hub, it is known only now that it is an adapter.
  const notes = loaded.notes.filter((note) => !note.startsWith("train_mode is full"));
  if (mode !== config.train_mode) {
    notes.push(`train_mode is ${mode}, because training starts from an adapter.`);
  }
  const [last, ...below] = place.adapters.toReversed();
  if (config.create_new_adapter) {
    notes.push(`A new adapter is trained on top of ${place.adapters.join(" and ")}.`);
    const lora_rank = config.lora_rank ?? 64;
    return { ...loaded, config: { ...config, train_mode: mode, lora_rank }, notes };
  }
  const adapter = readAdapterConfig(last!);
  checkSettings(loaded, adapter, place, last!);
  const { r, lora_alpha, lora_dropout } = adapter;
  const isChosen = origins.lora_dropout === "file" || origins.lora_dropout === "flag";
  const dropout = isChosen ? config.lora_dropout : lora_dropout;
  const frozen = below.length > 0 ? `, on top of ${below.toReversed().join(" and ")}` : "";
  notes.push(
    `Training goes on from the adapter ${last}${frozen}: rank ${r}, alpha ${lora_alpha}, dropout ${dropout}.`,
  );
  if (isChosen && dropout !== lora_dropout) {
    notes.push(`lora_dropout is ${dropout}; the adapter was trained with ${lora_dropout}.`);
  }
  const settled = { ...config, train_mode: mode, lora_rank: r, lora_alpha, lora_dropout: dropout };
  const derived = { lora_rank: "derived", lora_alpha: "derived" } as const;
  return { config: settled, origins: { ...origins, ...derived }, notes };
}

/** The place of a model with adapters; a model that is not on this disk is only looked at. */
async function placeOfAdapters(config: TrainingConfig): Promise<ModelPlace | undefined> {
  const { model_name_or_path: name, adapter_name_or_path: adapters } = config;
  const options = { ...modelOptions(config), parts: "text" } as const;
  const found = modelOnDisk(name, options);
  const isAdapter = found !== undefined && isAdapterDirectory(found);
  if (!adapters && !isAdapter && (found !== undefined || !isHubName(name))) return undefined;
  return locateModel(name, adapters ?? [], options);
}

function checkMode({ config, origins }: LoadedConfig, { adapters }: ModelPlace): void {
  const isSaid = origins.train_mode === "file" || origins.train_mode === "flag";
  if (config.train_mode !== "full" || !isSaid) return;
  throw new ConfigError("train_mode full does not train adapters", {
    why: `training would start from ${adapters.at(-1)}`,
    todo: "use train_mode lora or qlora; or merge the adapter in PEFT, and train the merged model",
  });
}

function checkTokens({ new_tokens: texts }: TrainingConfig, { adapters }: ModelPlace): void {
  if (texts.length === 0) return;
  throw new ConfigError("new_tokens does not work where training starts from an adapter", {
    why: `the rows of new tokens belong to a new adapter on the model alone, and there is ${adapters.at(-1)}`,
    todo: "remove new_tokens; or merge the adapter first, and train the merged model",
  });
}

/** What is to be read must not be moved aside or overwritten. */
function checkOutput(
  { output_dir: output, overwrite_output_dir }: TrainingConfig,
  place: ModelPlace,
): void {
  if (!overwrite_output_dir) return;
  const inside = place.adapters.find((one) => !path.relative(output, one).startsWith(".."));
  if (inside === undefined) return;
  throw new ConfigError(`output_dir ${output} holds the adapter that training starts from`, {
    why: "overwrite_output_dir would move it aside",
    todo: "use another output_dir",
  });
}

/** Keys of the configuration, and the adapter's own value of each. */
const shapeKeys = {
  lora_rank: "r",
  lora_alpha: "lora_alpha",
  use_rslora: "use_rslora",
  use_dora: "use_dora",
  lora_bias: "lora_bias",
  bias: "bias",
  rank_pattern: "rank_pattern",
  alpha_pattern: "alpha_pattern",
  modules_to_save: "modules_to_save",
  trainable_token_indices: "trainable_token_indices",
  ensure_weight_tying: "ensure_weight_tying",
  init_lora_weights: "init_lora_weights",
} as const;

/** Keys that choose the adapted layers together. */
const targetKeys = [
  "lora_target",
  "exclude_modules",
  "layers_to_transform",
  "layers_pattern",
] as const;

/** Refuses given settings that are not the adapter's. */
function checkSettings(
  { config, origins }: LoadedConfig,
  adapter: AdapterConfig,
  place: ModelPlace,
  directory: string,
): void {
  const isGiven = (key: keyof typeof origins) => origins[key] === "file" || origins[key] === "flag";
  const refuse = (key: string, ours: unknown, theirs: unknown): never => {
    throw new ConfigError(
      `${key} is ${JSON.stringify(ours)}, but the adapter's is ${JSON.stringify(theirs)}`,
      {
        why: `training goes on from ${directory}, whose shape stays`,
        todo: `remove ${key}; or train a new adapter on top of it, with create_new_adapter`,
      },
    );
  };
  if (String(adapter.init_lora_weights).toLowerCase() === "mica") {
    refuse("init_lora_weights", config.init_lora_weights, adapter.init_lora_weights);
  }
  for (const [key, name] of Object.entries(shapeKeys) as [
    keyof typeof shapeKeys,
    keyof AdapterConfig,
  ][]) {
    if (isGiven(key) && !isSame(config[key], adapter[name]))
      refuse(key, config[key], adapter[name]);
  }
  if (config.save_plain_lora && !takesPart(adapter.init_lora_weights)) {
    throw new ConfigError("save_plain_lora would have no effect", {
      why: `the adapter ${directory} did not begin with a part of the weights`,
      todo: "remove it",
    });
  }
  const given = targetKeys.find(isGiven);
  if (given === undefined) return;
  const targets = tidy(() => {
    const weights = openModelWeights(place.path);
    weights.close();
    const model = describeModel(weights.config);
    const asked = { ...adapter, ...targetsOf(newAdapterSettings(config, model)) };
    return [asked, adapter].map((settings) => [...planAdapter(model, settings).targets].sort());
  });
  if (!isSame(targets[0], targets[1])) refuse(given, config[given], adapter.target_modules);
}

function targetsOf({
  target_modules,
  exclude_modules,
  layers_to_transform,
  layers_pattern,
}: AdapterConfig) {
  return { target_modules, exclude_modules, layers_to_transform, layers_pattern };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
