/** Models of other families as Llamas, which more programs know. */
import { ConfigError } from "../util/errors.js";
import { families, modelFamily } from "./registry.js";
import type { CausalLanguageModel } from "./types.js";

/**
 * Makes a Llama with the same logits of a model, in place.
 *
 * @param model dense, without adapters; its tensors may lie on the `meta` device, some or all
 * @returns names of new weights, with those that they are cut from
 * @throws ConfigError where it cannot be
 */
export function asLlama(model: CausalLanguageModel): ReadonlyMap<string, string> {
  const { model_type: type } = model.config;
  const family = modelFamily(type);
  if (family.asLlama) return family.asLlama(model);
  const known = Object.entries(families).flatMap(([name, one]) => (one.asLlama ? [name] : []));
  throw new ConfigError(`${type} models cannot be written as Llamas`, {
    why: type === "llama" ? "it is one" : `this is known of: ${known.join(", ")}`,
    todo: "leave --as out",
  });
}
