/** Stacks of linear layers taken apart, where parts of one are to be treated differently. */
import {
  denseLinear,
  isJoined,
  joinLinears,
  type Linear,
  type LinearPart,
  type Parameter,
  parameter,
} from "../nn/index.js";
import { type DType, dispose, type Tensor, tidy } from "../tensor/index.js";
import { adaptLinear, isAdapted } from "./adapter.js";
import type { Adapter } from "./lowRank.js";
import { isQuantized, quantizedLinear } from "./nf4Linear.js";

/** A layer without adapters, and those that are to lie around it. */
export interface Unit {
  base: Linear;
  adapters: readonly Adapter[];
}

/** What a layer is made of, whatever was done to it before. */
export function unitsOf(linear: Linear): Unit[] {
  if (isJoined(linear)) return linear.layers.flatMap(unitsOf);
  if (isAdapted(linear)) return [{ base: linear.base, adapters: linear.adapters }];
  return [{ base: linear, adapters: [] }];
}

/** The layer that units make together. @param position which of its branch's layers it is */
export function assemble(units: readonly Unit[], position: number): Linear {
  const layers = units.map(({ base, adapters }) =>
    adapters.length > 0 ? adaptLinear(base, adapters, position) : base,
  );
  return layers.length === 1 ? layers[0]! : joinLinears(layers);
}

/** One unit for each part. The stack's own tensors are freed. */
export function splitUnit({ base, adapters }: Unit, dtype: DType): Unit[] {
  if (base.parts.length === 1) return [{ base, adapters }];
  const layers = isQuantized(base)
    ? base.parts.map((part, i) =>
        quantizedLinear(
          { ...sizesOf(base, part), bias: biasOf(base, part), parts: [alone(part)] },
          [base.quantized[i]!],
        ),
      )
    : splitDense(base, dtype);
  base.bias?.tensor.dispose();
  return layers.map((layer) => {
    const [part] = layer.parts;
    return {
      base: layer,
      adapters: adapters
        .filter((adapter) => adapter.part.name === part!.name)
        .map((adapter) => ({ ...adapter, part: part! })),
    };
  });
}

/** The unit with a weight that can be changed in place. @param dtype of the weight */
export function denseUnit({ base, adapters }: Unit, dtype: DType): Unit {
  const weight = parameter(`${base.parts[0]!.name}.weight`, base.denseWeight(dtype));
  dispose(base.tensors().filter((tensor) => tensor !== base.bias?.tensor));
  return { base: denseLinear(weight, base.bias, base.parts), adapters };
}

function splitDense(base: Linear, dtype: DType): Linear[] {
  const weights = tidy(() => {
    const dense = base.denseWeight(dtype);
    return base.parts.map(({ start, outFeatures }) => dense.narrow(0, start, outFeatures).clone());
  });
  const layers = base.parts.map((part, i) => {
    const weight = parameter(`${part.name}.weight`, weights[i]!);
    return denseLinear(weight, biasOf(base, part), [alone(part)]);
  });
  dispose(base.tensors().filter((tensor) => tensor !== base.bias?.tensor));
  return layers;
}

/** A part as the only one of its stack. */
function alone({ name, outFeatures }: LinearPart): LinearPart {
  return { name, start: 0, outFeatures };
}

function sizesOf({ inFeatures }: Linear, { outFeatures }: LinearPart) {
  return { inFeatures, outFeatures };
}

function biasOf({ bias }: Linear, { name, start, outFeatures }: LinearPart): Parameter | null {
  if (!bias) return null;
  const rows: Tensor = tidy(() => bias.tensor.narrow(0, start, outFeatures).clone());
  return parameter(`${name}.bias`, rows);
}
