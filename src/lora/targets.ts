/** The modules of a model, and what an adapter's settings do to each. */
import { type CausalLanguageModel, ownWeights } from "../models/index.js";
import type { Linear } from "../nn/index.js";
import { ConfigError } from "../util/errors.js";
import { isExcluded, isSaved, isTarget, type LoraSettings } from "./settings.js";

/** The name of the embedding's module. */
export function embeddingName({ embedding }: CausalLanguageModel): string {
  return moduleOf(embedding.name);
}

/** Whether the output head's weight is the embedding. */
export function isTied({ embedding, output }: CausalLanguageModel): boolean {
  return output.weight === embedding;
}

/** The name of the output head's module; a head of its own or not. */
export function headName({ output }: CausalLanguageModel): string {
  return output.name;
}

/** The module that a parameter belongs to. */
export function moduleOf(parameter: string): string {
  return parameter.slice(0, parameter.lastIndexOf("."));
}

/** The last part of a full name. */
export function lastName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** What the settings name in a model. */
export interface AdapterPlan {
  /** Names of linear layers, embedding and head that get an adapter. */
  targets: ReadonlySet<string>;
  /** Names of layers, norms, routers, embedding and head that are trained whole. */
  saved: ReadonlySet<string>;
}

/** Linear layers of the branches, by name. */
export function linearNames({ branches }: CausalLanguageModel): string[] {
  return branches.flatMap(({ linears }) => Object.values(linears).flatMap(partNames));
}

function partNames({ parts }: Linear): string[] {
  return parts.map(({ name }) => name);
}

/**
 * What the settings name in a model, by PEFT's rules.
 *
 * @throws ConfigError where they name no layer, or something that is none; where a layer is both
 *   adapted and trained whole
 */
export function planAdapter(model: CausalLanguageModel, settings: LoraSettings): AdapterPlan {
  const linear = linearNames(model);
  const others = [...model.output.norms, ...model.branches.flatMap(ownWeights)].map(({ name }) =>
    moduleOf(name),
  );
  const ends = [embeddingName(model), headName(model)];
  const leaves = [...linear, ...ends, ...others];
  const saved = new Set(
    leaves.filter((name) => [name, ...ancestors(name)].some((one) => isSaved(settings, one))),
  );
  if (settings.target_modules === "all-linear") {
    const targets = linear.filter(
      (name) => !isExcluded(settings, name) && inLayers(settings, name),
    );
    return checked({ targets: new Set(targets), saved }, leaves, settings);
  }
  const containers = [...new Set(leaves.flatMap(ancestors))];
  const targets = [...leaves, ...containers].filter((name) => isTarget(settings, name));
  const wrong = targets.find((name) => !linear.includes(name) && !ends.includes(name));
  if (wrong !== undefined) {
    throw new ConfigError(`the adapter's targets name ${wrong}, which is not a linear layer`, {
      why: "only linear layers, the embedding and the output head can be adapted",
      todo: `name layers: ${known(leaves, others)}`,
    });
  }
  return checked({ targets: new Set(targets), saved }, leaves, settings);
}

/** `all-linear` with a choice of layers, which PEFT has only for lists: the same as all names listed. */
function inLayers(settings: LoraSettings, name: string): boolean {
  return isTarget({ ...settings, target_modules: [lastName(name)] }, name);
}

function checked(
  plan: AdapterPlan,
  leaves: readonly string[],
  settings: LoraSettings,
): AdapterPlan {
  if (plan.targets.size === 0) {
    throw new ConfigError("the adapter's targets match no layer of this model", {
      why: `they are ${JSON.stringify(settings.target_modules)}, without what is excluded`,
      todo: `use some of: ${known(leaves, [])}`,
    });
  }
  const both = [...plan.targets].find((name) => plan.saved.has(name));
  if (both !== undefined) {
    throw new ConfigError(`${both} is a target of the adapter and in modules_to_save`, {
      todo: "choose one of them",
    });
  }
  return plan;
}

/** Last names of modules, for messages. */
export function known(leaves: readonly string[], without: readonly string[]): string {
  return [...new Set(leaves.filter((name) => !without.includes(name)).map(lastName))].join(", ");
}

/** The modules that a module lies in, the outermost first. */
export function ancestors(name: string): string[] {
  const parts = name.split(".");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("."));
}
