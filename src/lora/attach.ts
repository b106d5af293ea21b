/** Puts an adapter on a model: its matrices, and the modules and biases that it trains whole. */
import {
  type CausalLanguageModel,
  growVocabulary,
  type ModelBranch,
  ownWeights,
} from "../models/index.js";
import {
  denseLinear,
  isStored,
  type Linear,
  type LinearPart,
  type Parameter,
  parameter,
} from "../nn/index.js";
import { dispose, empty, Generator, tidy } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import type { AdapterTensor } from "./adapterTensor.js";
import {
  type Attaching,
  checkStack,
  linearAdapter,
  type TensorSource,
  wholeValue,
} from "./attaching.js";
import { type AdapterConfig, newAdapterConfig, takesPart } from "./configFile.js";
import type { BegunWith } from "./convert.js";
import { isQuantized } from "./nf4Linear.js";
import { attachOuter } from "./outer.js";
import type { LoraOptions } from "./settings.js";
import type { Strength } from "./strength.js";
import { moduleOf, planAdapter } from "./targets.js";
import { assemble, denseUnit, splitUnit, type Unit, unitsOf } from "./units.js";

/** An adapter that lies on a model. */
export interface AttachedAdapter {
  config: AdapterConfig;
  /** What its file holds. */
  tensors: readonly AdapterTensor[];
  /** By layer, what it began with, where that was taken out of the base weights. */
  begun: ReadonlyMap<string, BegunWith>;
  /** Of what it adds; changed with {@link setStrength}. */
  strength: Strength;
}

/** How an adapter is attached. */
export interface AttachOptions {
  /** Whether it will be trained. */
  training?: boolean;
  /** Distinguishes the parameters of an adapter under another. */
  label?: string;
  /** For a description: whether the linear layers will have 4 bits. */
  toQuantize?: boolean;
}

/**
 * Puts an adapter on a model, in place.
 *
 * @param source where its tensors come from
 * @throws ConfigError where its settings do not fit the model
 */
export function attachAdapter(
  model: CausalLanguageModel,
  config: AdapterConfig,
  source: TensorSource,
  { training = false, label = "", toQuantize = false }: AttachOptions = {},
  generator: Generator | null = null,
): AttachedAdapter {
  if (config.vocabulary_rows !== null) growVocabulary(model, config.vocabulary_rows);
  const plan = planAdapter(model, config);
  const tensors: AdapterTensor[] = [];
  const begun = new Map<string, BegunWith>();
  const own = { tensors, begun, strength: { value: 1 } };
  const options = { training, label, toQuantize };
  const attaching: Attaching = { model, config, plan, source, generator, ...options, ...own };
  attachOuter(attaching);
  for (const branch of model.branches) attachBranch(attaching, branch);
  saveOthers(attaching);
  return { config, ...own };
}

/**
 * Puts a new adapter on a model, with first values as PEFT draws them.
 *
 * @param seed of the values
 */
export function attachNewAdapter(
  model: CausalLanguageModel,
  config: AdapterConfig,
  seed: number,
): AttachedAdapter {
  using generator = new Generator(seed);
  const source: TensorSource = {
    take: (_name, _shape, _device, first) => first(),
    takeIfThere: () => undefined,
  };
  return attachAdapter(model, config, source, { training: true }, generator);
}

/**
 * Puts an adapter without memory on a description (`describeModel`), for what counts. Call within
 * `tidy`.
 */
export function describeAdapter(
  model: CausalLanguageModel,
  options: LoraOptions | AdapterConfig,
  attach: AttachOptions = { training: true },
): AttachedAdapter {
  const config = "stored" in options ? options : newAdapterConfig(options, null);
  const source: TensorSource = {
    take: (_name, shape) => empty([...shape], { dtype: "float32", device: "meta" }),
    takeIfThere: () => undefined,
  };
  return attachAdapter(model, config, source, attach);
}

function attachBranch(attaching: Attaching, branch: ModelBranch): void {
  Object.entries(branch.linears).forEach(([role, linear], position) => {
    if (!linear.parts.some((part) => isConcerned(attaching, linear, part))) return;
    if (branch.experts?.roles.has(role)) checkExpert(attaching, linear);
    const units = unitsOf(linear)
      .flatMap((unit) =>
        needsSplit(attaching, unit.base) ? splitUnit(unit, attaching.model.dtype) : [unit],
      )
      .map((unit) => attachUnit(attaching, unit));
    branch.linears[role] = assemble(units, position);
  });
}

/** What is added to an expert's output would have to be multiplied by its weight too. */
function checkExpert({ plan, config }: Attaching, { parts }: Linear): void {
  const target = parts.find(({ name }) => plan.targets.has(name));
  if (!config.lora_bias || !target) return;
  throw new ConfigError(`lora_bias does not work on experts: ${target.name}`, {
    why: "PEFT has no such adapter",
    todo: "leave out lora_bias, or the experts: exclude_modules",
  });
}

function isConcerned({ plan, config }: Attaching, linear: Linear, { name }: LinearPart): boolean {
  const trainsBias =
    config.bias === "all" && unitsOf(linear).some(({ base }) => base.bias !== null);
  return plan.targets.has(name) || plan.saved.has(name) || trainsBias;
}

/** Whether the bias of a layer is trained beside its adapter. */
function trainsBias({ plan, config }: Attaching, { name }: LinearPart): boolean {
  return config.bias === "all" || (config.bias === "lora_only" && plan.targets.has(name));
}

/** Whether the parts of a stack are to be treated differently, other than by their adapters. */
function needsSplit(attaching: Attaching, { parts, bias }: Linear): boolean {
  if (parts.some(({ name }) => attaching.plan.saved.has(name))) return true;
  if (!bias) return false;
  const trained = parts.filter((part) => trainsBias(attaching, part)).length;
  return trained > 0 && trained < parts.length;
}

function attachUnit(attaching: Attaching, given: Unit): Unit {
  const { plan, config, model } = attaching;
  const changesBase = isStored(given.base) && takesPart(config.init_lora_weights);
  const unit = changesBase ? denseUnit(given, model.dtype) : given;
  const { base } = unit;
  const [first] = base.parts;
  if (first && plan.saved.has(first.name)) {
    if (unit.adapters.length > 0) {
      throw new ConfigError(`${first.name} has an adapter below, and is in modules_to_save`, {
        todo: "merge the lower adapter into the model: tunewright merge",
      });
    }
    return { base: savedLinear(attaching, base, first), adapters: [] };
  }
  if (base.bias && base.parts.some((part) => trainsBias(attaching, part))) {
    trainBias(attaching, base, base.bias);
  }
  const targets = base.parts.filter(({ name }) => plan.targets.has(name));
  if (targets.length === 0) return unit;
  const isDense = !isQuantized(base) && !isStored(base);
  const weight = isDense ? base.parameters()[0]!.tensor : base.denseWeight(model.dtype);
  const adapters = targets.map((part) => {
    checkStack(
      config,
      part.name,
      unit.adapters.filter((below) => below.part.name === part.name),
    );
    const rows = weight.narrow(0, part.start, part.outFeatures);
    const adapter = linearAdapter(attaching, part, rows, isDense && !attaching.toQuantize);
    rows.dispose();
    return adapter;
  });
  if (!isDense) weight.dispose();
  return { base, adapters: [...unit.adapters, ...adapters] };
}

/** A layer whose weight, and bias, the adapter has whole. */
function savedLinear(attaching: Attaching, base: Linear, part: LinearPart): Linear {
  const { model, training, tensors, toQuantize } = attaching;
  if (training && (isQuantized(base) || toQuantize)) {
    throw new ConfigError(`${part.name} is in modules_to_save, but its weight has 4 bits`, {
      why: "4-bit weights cannot be trained",
      todo: "use train_mode lora, or give the layer an adapter",
    });
  }
  const own = (name: string, before: Parameter["tensor"]): Parameter => {
    const value = wholeValue(attaching, name, before);
    const whole = { ...parameter(name, value), trainable: training };
    tensors.push({ name, parameter: whole });
    return whole;
  };
  const dense = base.denseWeight(model.dtype);
  const weight = own(`${part.name}.weight`, dense);
  const bias = base.bias && own(`${part.name}.bias`, base.bias.tensor);
  dispose([dense, base.tensors()]);
  return denseLinear(weight, bias, base.parts);
}

/** Makes the bias of a stack the adapter's, part by part. */
function trainBias(attaching: Attaching, { parts }: Linear, bias: Parameter): void {
  const { plan, source, model, training, tensors } = attaching;
  const before = bias.tensor;
  const after = before.to({ dtype: training ? "float32" : model.dtype, copy: true });
  for (const part of parts) {
    const { start, outFeatures: count } = part;
    const name = `${part.name}${plan.targets.has(part.name) ? ".base_layer" : ""}.bias`;
    tidy(() => {
      const rows = after.narrow(0, start, count);
      rows.copy_(
        source.take(name, [count], before.device, () => rows.to({ dtype: "float32" }).clone()),
      );
    });
    tensors.push({ name, parameter: bias, rows: { start, count } });
  }
  bias.tensor = after;
  bias.trainable = training;
  before.dispose();
}

/** Norms and routers that the adapter has whole. */
function saveOthers(attaching: Attaching): void {
  const { model, plan, training, tensors } = attaching;
  for (const one of [...model.branches.flatMap(ownWeights), ...model.output.norms]) {
    if (!plan.saved.has(moduleOf(one.name))) continue;
    const before = one.tensor;
    one.tensor = wholeValue(attaching, one.name, before);
    one.trainable = training;
    if (one.tensor !== before) before.dispose();
    tensors.push({ name: one.name, parameter: one });
  }
}
