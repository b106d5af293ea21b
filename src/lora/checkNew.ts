/** What a new adapter may be asked for: what can be trained, saved, and read again by PEFT. */
import type { CausalLanguageModel } from "../models/index.js";
import { ConfigError } from "../util/errors.js";
import { takesPart } from "./configFile.js";
import { patternKey } from "./pattern.js";
import { isExcluded, isSaved, isTarget, type LoraSettings } from "./settings.js";
import {
  type AdapterPlan,
  ancestors,
  embeddingName,
  headName,
  isTied,
  known,
  lastName,
  linearNames,
  planAdapter,
} from "./targets.js";

/**
 * Refuses settings of a new adapter that contradict each other or would have no effect.
 *
 * @throws ConfigError naming the key and the value
 */
export function checkNewAdapter(model: CausalLanguageModel, settings: LoraSettings): void {
  checkTogether(settings);
  const plan = planAdapter(model, settings);
  const { init_lora_weights: beginning } = settings;
  const head = headName(model);
  if (takesPart(beginning) && isTied(model) && plan.targets.has(head)) {
    throw new ConfigError(`init_lora_weights ${beginning} does not work on ${head} here`, {
      why: "its weight is the embedding too, and what the adapter begins with would be missing there",
      todo: `leave ${head} out of lora_target, or use another init_lora_weights`,
    });
  }
  checkAllMatch(model, settings, plan);
}

/** Refuses settings that PEFT does not have together. */
function checkTogether(settings: LoraSettings): void {
  const { init_lora_weights: beginning } = settings;
  const { layers_to_transform: layers, layers_pattern: pattern } = settings;
  if (layers !== null && typeof settings.target_modules === "string") {
    throw new ConfigError("layers_to_transform has no effect on a regular expression", {
      why: "lora_target says itself which layers it means",
      todo: "name the layers in the expression, or list names in lora_target",
    });
  }
  if (layers === null && pattern !== null && pattern.length > 0) {
    throw new ConfigError("layers_pattern has no effect without layers_to_transform", {
      todo: "set layers_to_transform, or remove it",
    });
  }
  if (settings.lora_bias && settings.use_dora) {
    throw new ConfigError("lora_bias does not work with use_dora", {
      why: "PEFT has no such adapter",
      todo: "choose one of them",
    });
  }
  if (settings.lora_bias && typeof beginning === "string") {
    throw new ConfigError(`lora_bias does not work with init_lora_weights ${beginning}`, {
      why: "PEFT begins such an adapter with true or false only",
      todo: "choose one of them",
    });
  }
}

/** Refuses settings of which a part would have no effect; PEFT warns of some. */
function checkAllMatch(
  model: CausalLanguageModel,
  settings: LoraSettings,
  plan: AdapterPlan,
): void {
  const targets = [...plan.targets];
  const unused = (key: string, value: string) => {
    throw new ConfigError(`${key} "${value}" does not match any layer of this adapter`, {
      todo: `use some of: ${known(linearNames(model), [])}, ${lastName(embeddingName(model))}, ${lastName(headName(model))}`,
    });
  };
  const { target_modules, exclude_modules, modules_to_save, rank_pattern, alpha_pattern } =
    settings;
  const alone = (name: string): LoraSettings => ({ ...settings, target_modules: [name] });
  if (typeof target_modules !== "string") {
    for (const name of target_modules)
      if (!targets.some((target) => isTarget(alone(name), target))) unused("lora_target", name);
  }
  const all = [...linearNames(model), embeddingName(model), headName(model)];
  for (const name of [exclude_modules ?? []].flat()) {
    const excluding = {
      ...settings,
      exclude_modules: typeof exclude_modules === "string" ? name : [name],
    };
    if (!all.some((module) => isExcluded({ ...excluding, modules_to_save: null }, module)))
      unused("exclude_modules", name);
  }
  for (const name of modules_to_save ?? []) {
    const saving = { ...settings, modules_to_save: [name] };
    if (
      ![...plan.saved].some((module) =>
        [module, ...ancestors(module)].some((one) => isSaved(saving, one)),
      )
    )
      unused("modules_to_save", name);
  }
  for (const [key, pattern] of Object.entries({ rank_pattern, alpha_pattern })) {
    for (const source of Object.keys(pattern))
      if (!targets.some((target) => patternKey({ [source]: 1 }, target) !== undefined))
        unused(key, source);
  }
}
