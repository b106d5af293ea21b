/** How much of an adapter counts: the factor on what it adds. */
import { ConfigError } from "../util/errors.js";
import type { AdapterTensor } from "./adapterTensor.js";
import { type AdapterConfig, takesPart } from "./configFile.js";

/** The factor of one adapter, shared by all its matrices; it may be changed between passes. */
export interface Strength {
  value: number;
}

/** What a matrix of an adapter is multiplied by in all. */
export function scaleOf({ scale, strength }: { scale: number; strength: Strength }): number {
  return scale * strength.value;
}

/** An adapter on a model, as far as its strength goes. */
interface Strengthened {
  config: AdapterConfig;
  tensors: readonly AdapterTensor[];
  strength: Strength;
}

/**
 * Changes the factor on what an adapter adds, from the next pass on.
 *
 * @param name what the adapter is called, for messages
 * @throws ConfigError for an adapter that does more than add, unless the factor is 1
 */
export function setStrength(adapter: Strengthened, value: number, name: string): void {
  if (!Number.isFinite(value)) {
    throw new ConfigError(`the weight of ${name} is ${value}`, { todo: "give a number" });
  }
  const other = value === 1 ? undefined : whatElse(adapter);
  if (other !== undefined) {
    throw new ConfigError(`${name} counts whole or not at all, and cannot have weight ${value}`, {
      why: `${other} takes the place of what the model has, instead of being added to it`,
      todo: "leave its weight out, or load the model without it",
    });
  }
  adapter.strength.value = value;
}

/** What an adapter has beside products that it adds; undefined for nothing. */
function whatElse({ config, tensors }: Strengthened): string | undefined {
  const { init_lora_weights: beginning } = config;
  if (takesPart(beginning)) return `its beginning (init_lora_weights ${beginning})`;
  return tensors.find(({ name }) => !/\.lora_(embedding_)?[AB](\.|$)/.test(name))?.name;
}
