/** Adapters for a whole model: which layers get one, and their first values. */

import type { CausalLanguageModel } from "../models/index.js";
import { type LinearPart, parameter } from "../nn/index.js";
import { empty, Generator, type Tensor, tidy, zeros } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import { type Adapter, adaptLinear, isAdapted } from "./adapter.js";

/** Settings of an adapter, in PEFT's names. */
export interface LoraOptions {
  r: number;
  lora_alpha: number;
  lora_dropout: number;
  /** Names of linear layers, or `all` (all but the output head). */
  target_modules: "all" | readonly string[];
  /** Scale by alpha / sqrt(r) instead of alpha / r (Kalajdzievski, 2023, arXiv 2312.03732). */
  use_rslora?: boolean;
}

/** A layer that can take an adapter. */
export interface TargetLayer {
  /** Full name in Hugging Face's terms, such as `model.layers.0.self_attn.q_proj`. */
  name: string;
  part: LinearPart;
  inFeatures: number;
}

export function scaleOf({ r, lora_alpha, use_rslora }: LoraOptions): number {
  return lora_alpha / (use_rslora ? Math.sqrt(r) : r);
}

/** The linear layers of a model that the options name. */
export function targetLayers(model: CausalLanguageModel, options: LoraOptions): TargetLayer[] {
  const { target_modules: targets } = options;
  const all = model.branches.flatMap(({ linears }) =>
    Object.values(linears).flatMap(({ parts, inFeatures }) =>
      parts.map((part) => ({ name: part.name, part, inFeatures })),
    ),
  );
  if (targets === "all") return all;
  const matches = (name: string, target: string) => name === target || name.endsWith(`.${target}`);
  for (const target of targets) {
    if (!all.some(({ name }) => matches(name, target))) {
      const known = [...new Set(all.map(({ name }) => moduleName(name)))];
      throw new ConfigError(
        `lora target "${target}" does not match any linear layer of this model`,
        {
          todo: `use some of: ${known.join(", ")}`,
        },
      );
    }
  }
  return all.filter(({ name }) => targets.some((target) => matches(name, target)));
}

/** The last part of a full name, as PEFT's `target_modules` takes it. */
export function moduleName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** Gives the A and B of one layer. */
export type AdapterValues = (layer: TargetLayer) => { a: Tensor; b: Tensor };

/**
 * Puts adapters around the layers of a model, in place.
 *
 * @param values where A [rank, in] and B [out, rank] come from; default: PEFT's initialization,
 *   drawn with `seed` (A uniform in ±1/sqrt(in), B zero)
 */
export function attachAdapters(
  model: CausalLanguageModel,
  options: LoraOptions,
  values: AdapterValues | { seed: number },
): void {
  const wanted = new Map(targetLayers(model, options).map((layer) => [layer.name, layer]));
  const scale = scaleOf(options);
  using generator = typeof values === "function" ? undefined : new Generator(values.seed);
  const fill =
    typeof values === "function"
      ? values
      : (layer: TargetLayer) => initial(layer, options.r, generator!);
  for (const branch of model.branches) {
    Object.entries(branch.linears).forEach(([role, linear], position) => {
      if (isAdapted(linear)) throw new ConfigError("this model already has an adapter");
      const adapters: Adapter[] = linear.parts.flatMap((part) => {
        const layer = wanted.get(part.name);
        if (!layer) return [];
        const { a, b } = onDevice(fill(layer), model);
        return [
          {
            part,
            scale,
            a: parameter(`${part.name}.lora_A.weight`, a),
            b: parameter(`${part.name}.lora_B.weight`, b),
          },
        ];
      });
      if (adapters.length === 0) return;
      branch.linears[role] = adaptLinear(linear, adapters, { p: options.lora_dropout, position });
    });
  }
}

/**
 * Puts adapters without memory around the layers of a description (`describeModel`), for what counts.
 * Call within `tidy`.
 */
export function describeAdapters(model: CausalLanguageModel, options: LoraOptions): void {
  const make = (shape: number[]) => empty(shape, { dtype: "float32", device: "meta" });
  attachAdapters(model, options, ({ part, inFeatures }) => ({
    a: make([options.r, inFeatures]),
    b: make([part.outFeatures, options.r]),
  }));
}

function initial({ part, inFeatures }: TargetLayer, rank: number, generator: Generator) {
  const bound = 1 / Math.sqrt(inFeatures);
  return {
    a: empty([rank, inFeatures], { dtype: "float32" }).uniform_(-bound, bound, { generator }),
    b: zeros([part.outFeatures, rank], { dtype: "float32" }),
  };
}

function onDevice({ a, b }: { a: Tensor; b: Tensor }, { device }: CausalLanguageModel) {
  if (device === "cpu") return { a, b };
  return tidy(() => ({ a: a.to({ device }), b: b.to({ device }) }));
}

/** The adapters of a model. */
export function adaptersOf(model: CausalLanguageModel): Adapter[] {
  return model.branches.flatMap(({ linears }) =>
    Object.values(linears).flatMap((linear) => (isAdapted(linear) ? linear.adapters : [])),
  );
}

/** Marks the adapters of a model as trained. */
export function trainAdapters(model: CausalLanguageModel): void {
  for (const { a, b } of adaptersOf(model)) a.trainable = b.trainable = true;
}
