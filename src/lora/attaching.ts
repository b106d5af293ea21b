/** What the steps of attaching an adapter share. */
import type { CausalLanguageModel } from "../models/index.js";
import { type LinearPart, type Parameter, parameter } from "../nn/index.js";
import { type Device, type Generator, type Tensor, tidy, zeros } from "../tensor/index.js";
import { ConfigError } from "../util/errors.js";
import type { AdapterTensor } from "./adapterTensor.js";
import { type AdapterConfig, takesPart } from "./configFile.js";
import type { BegunWith } from "./convert.js";
import { rowLengths } from "./dora.js";
import { checkBeginning, type FirstValues, firstValues } from "./initial.js";
import type { Adapter } from "./lowRank.js";
import { partOf, takeOut } from "./reduceBase.js";
import { shapeOf } from "./settings.js";
import type { Strength } from "./strength.js";
import type { AdapterPlan } from "./targets.js";

/** Where the tensors of an adapter come from, float32. */
export interface TensorSource {
  /**
   * @param device of the weight that it belongs to; for one on `meta`, no value is read
   * @param first makes the first value of a new adapter
   */
  take(name: string, shape: readonly number[], device: Device, first: () => Tensor): Tensor;
  /** One that a file may have or not. */
  takeIfThere(name: string, shape: readonly number[], device: Device): Tensor | undefined;
}

/** An adapter on its way onto a model. */
export interface Attaching {
  model: CausalLanguageModel;
  config: AdapterConfig;
  plan: AdapterPlan;
  source: TensorSource;
  /** For values that no file gives. */
  generator: Generator | null;
  /** Whether it will be trained: in float32, with dropout. */
  training: boolean;
  /** Whether the linear layers will have 4 bits, though they are dense yet. */
  toQuantize: boolean;
  /** Distinguishes the parameters of an adapter under another; empty for the last. */
  label: string;
  strength: Strength;
  /** What has been attached. */
  tensors: AdapterTensor[];
  /** What layers began with, where that was taken out of their weights. */
  begun: Map<string, BegunWith>;
}

/** A parameter of the adapter's own. @param device of the weight that it belongs to */
export function ownParameter(
  { source, label, training, tensors }: Attaching,
  name: string,
  shape: readonly number[],
  device: Device,
  first: () => Tensor,
): Parameter {
  const tensor = moved(source.take(name, shape, device, first), { device });
  const own = { ...parameter(`${label}${name}`, tensor), trainable: training };
  tensors.push({ name, parameter: own });
  return own;
}

/** The value of a parameter that is trained whole: float32 where it is trained, else in the model's type. */
export function wholeValue(
  { source, model, training }: Attaching,
  name: string,
  before: Tensor,
): Tensor {
  const { device } = before;
  const taken = source.take(name, before.shape, device, () =>
    tidy(() => before.to({ dtype: "float32" }).clone()),
  );
  return moved(taken, { device, dtype: training ? "float32" : model.dtype });
}

/** The same values elsewhere or in another type; the tensor itself where nothing changes. */
function moved(tensor: Tensor, to: { device: Tensor["device"]; dtype?: Tensor["dtype"] }): Tensor {
  if (tensor.device === to.device && (to.dtype ?? tensor.dtype) === tensor.dtype) return tensor;
  const result = tensor.to(to);
  tensor.dispose();
  return result;
}

/**
 * The adapter of one linear layer, with what its beginning takes out of the layer's weight.
 *
 * @param weight the layer's own [out, in], in place where it can be; for a quantized one a copy
 * @param isDense whether `weight` is the layer's own
 */
export function linearAdapter(
  attaching: Attaching,
  part: LinearPart,
  weight: Tensor,
  isDense: boolean,
): Adapter {
  const { config, generator, training } = attaching;
  const { device } = weight;
  const { name, outFeatures } = part;
  const inFeatures = weight.size(1);
  const { rank, scale } = shapeOf(config, name);
  const beginning = config.init_lora_weights;
  checkBeginning(beginning, rank, weight.shape);
  let first: FirstValues | undefined;
  if (takesPart(beginning)) {
    if (!isDense) {
      throw new ConfigError(`init_lora_weights ${beginning} does not work on 4-bit weights`, {
        why: "it takes a part out of the base weights, which are rounded to 4 bits here",
        todo: "use train_mode lora, or another init_lora_weights",
      });
    }
    if (device !== "meta") {
      first = partOf(weight, beginning.toLowerCase(), rank, scale);
      takeOut(weight, first, scale);
      attaching.begun.set(name, { a: onHost(first.a), b: onHost(first.b) });
    }
  }
  const used: Tensor[] = [];
  const firstOf = (key: keyof FirstValues) => () => {
    first ??= firstValues(beginning, { rank, inFeatures, outFeatures }, generator!);
    used.push(first[key]);
    return first[key];
  };
  const a = ownParameter(
    attaching,
    `${name}.lora_A.weight`,
    [rank, inFeatures],
    device,
    firstOf("a"),
  );
  const b = ownParameter(
    attaching,
    `${name}.lora_B.weight`,
    [outFeatures, rank],
    device,
    firstOf("b"),
  );
  for (const tensor of Object.values(first ?? {})) if (!used.includes(tensor)) tensor.dispose();
  const adapter: Adapter = {
    part,
    a,
    b,
    bias: null,
    magnitude: null,
    scale,
    strength: attaching.strength,
    dropout: training ? config.lora_dropout : 0,
  };
  if (config.lora_bias) {
    const none = () => zeros([outFeatures], { dtype: "float32" });
    adapter.bias = ownParameter(attaching, `${name}.lora_B.bias`, [outFeatures], device, none);
  }
  if (config.use_dora) {
    const lengths = () => tidy(() => rowLengths(weight, adapter));
    const magnitude = `${name}.lora_magnitude_vector`;
    adapter.magnitude = ownParameter(attaching, magnitude, [outFeatures], device, lengths);
  }
  return adapter;
}

function onHost(tensor: Tensor): Float32Array {
  return tidy(() => new Float32Array(tensor.to({ device: "cpu" }).bytes().slice().buffer));
}

/** Refuses a second adapter where a weight-decomposed one takes part: their order would matter. */
export function checkStack(
  config: AdapterConfig,
  name: string,
  below: readonly { magnitude: Parameter | null }[],
): void {
  if (below.length === 0) return;
  if (!config.use_dora && below.every(({ magnitude }) => magnitude === null)) return;
  throw new ConfigError(`two adapters lie on ${name}, and one of them uses use_dora`, {
    why: "a weight-decomposed adapter scales what the others add",
    todo: "merge the lower one into the model: tunewright merge",
  });
}
