/** A linear layer of any kind with adapters on some of its parts. */
import type { Linear, ProductGroup, Value } from "../nn/index.js";
import { decomposed } from "./dora.js";
import {
  type Adapter,
  inputDropout,
  type Lowering,
  lowered,
  loweringOf,
  parametersOf,
  raised,
} from "./lowRank.js";

/** A linear layer with adapters on some of its parts. */
export interface AdaptedLinear extends Linear {
  base: Linear;
  adapters: readonly Adapter[];
}

export function isAdapted(layer: Linear): layer is AdaptedLinear {
  return "adapters" in layer;
}

/**
 * Puts adapters around a layer, dense or quantized. The layer's weight stays frozen. Several may lie
 * on one part, as long as none of them is weight-decomposed (DoRA).
 *
 * @param position which of its branch's layers it is: each drops elements of its own
 */
export function adaptLinear(
  base: Linear,
  adapters: readonly Adapter[],
  position: number,
): AdaptedLinear {
  const parameters = adapters.flatMap(parametersOf);
  return {
    base,
    adapters,
    inFeatures: base.inFeatures,
    outFeatures: base.outFeatures,
    parts: base.parts,
    bias: base.bias,
    elements: parameters.reduce((sum, { tensor }) => sum + tensor.numel, base.elements),
    apply: adapters.some(({ magnitude }) => magnitude !== null)
      ? applyDecomposed(base, adapters, position)
      : applyPlain(base, adapters, position),
    parameters: () => [...(base.bias ? [base.bias] : []), ...parameters],
    preparedWeight: base.preparedWeight,
    denseWeight: base.denseWeight,
    tensors: () => [...base.tensors(), ...parameters.map(({ tensor }) => tensor)],
  };
}

type Apply = (x: Value, group: ProductGroup) => Value;

function applyPlain(base: Linear, adapters: readonly Adapter[], position: number): Apply {
  const shares = [...new Set(adapters.map(({ dropout }) => dropout))];
  const lowerings = shares.map((p): [number, Lowering] => [
    p,
    loweringOf(adapters.filter(({ dropout }) => dropout === p)),
  ]);
  return (x, group) => {
    const inners = lowerings.map(([p, lowering]) =>
      lowered(x, group, lowering, inputDropout(p, group, position)),
    );
    const all = lowerings.map(([, lowering]) => lowering);
    return raised(x, inners, group, base, all);
  };
}

function applyDecomposed(base: Linear, adapters: readonly Adapter[], position: number): Apply {
  const lowering = loweringOf(adapters);
  const p = adapters[0]?.dropout ?? 0;
  return (x, group) => decomposed(x, group, base, lowering, inputDropout(p, group, position));
}
