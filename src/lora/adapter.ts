/** Low-rank adapters (Hu et al., 2021, arXiv 2106.09685) around linear layers of any kind. */
import {
  type Apply,
  keyedDropout,
  type LayerGroup,
  type Linear,
  type LinearPart,
  type Preparation,
  remembered,
  undefinedOutput,
} from "../nn/index.js";
import { cat, customGradient, linear, type Tensor } from "../tensor/index.js";
import { hashKey } from "../util/hash.js";

/** The adapter of one linear layer: it adds `scale · dropout(x) Aᵀ Bᵀ` to the layer's output. */
export interface Adapter {
  /** Row range of the layer in its stack. */
  part: LinearPart;
  /** [rank, in] */
  a: Tensor;
  /** [out, rank] */
  b: Tensor;
  scale: number;
}

/** A linear layer with adapters on some of its parts. */
export interface AdaptedLinear extends Linear {
  base: Linear;
  adapters: Adapter[];
}

export function isAdapted(layer: Linear): layer is AdaptedLinear {
  return "adapters" in layer;
}

/**
 * Puts adapters around a layer, dense or quantised. The layer itself stays frozen.
 *
 * @param dropout probability of dropping an element of the adapters' input while training; parts
 *   of one stack read the same dropped input
 */
export function adaptLinear(base: Linear, adapters: Adapter[], dropout: number): AdaptedLinear {
  return {
    base,
    adapters,
    inFeatures: base.inFeatures,
    outFeatures: base.outFeatures,
    parts: base.parts,
    bias: base.bias,
    weight: (dtype) => base.weight(dtype),
    tensors: () => [...base.tensors(), ...adapters.flatMap(({ a, b }) => [a, b])],
    parameters: () =>
      new Map(
        adapters.flatMap(({ part, a, b }) => [
          [`${part.name}.lora_A.weight`, a],
          [`${part.name}.lora_B.weight`, b],
        ]),
      ),
    prepare: (preparation) => prepareAdapted(base, adapters, dropout, preparation),
  };
}

function prepareAdapted(
  base: Linear,
  adapters: readonly Adapter[],
  dropout: number,
  { dtype, dropoutKey }: Preparation,
): Apply {
  const weight = base.weight(dtype); // [out, in]
  const bias = base.bias ? base.bias.to({ dtype }) : null;
  const down = cat(
    adapters.map(({ a }) => a),
    0,
  ).to({ dtype }); // [sum of ranks, in]
  const ups = adapters.map(({ b }) => b.to({ dtype })); // [out of the part, rank] each
  let column = 0;
  const places = adapters.map(({ part, a, scale }) => {
    const place = { part, scale, column, rank: a.size(0) };
    column += place.rank;
    return place;
  });
  const drop = (x: Tensor, group: LayerGroup) =>
    dropout > 0 && dropoutKey !== null
      ? keyedDropout(x, dropout, hashKey(dropoutKey, group.index))
      : x;

  /** The layer's output, made of the adapters' inner values. */
  const compute = (x: Tensor, inner: Tensor): Tensor => {
    const result = linear(x, weight, bias);
    places.forEach(({ part, scale, column, rank }, i) => {
      result
        .narrow(1, part.start, part.outFeatures)
        .addmm_(inner.narrow(1, column, rank), ups[i]!.transpose(0, 1), { alpha: scale });
    });
    return result;
  };

  const run = (x: Tensor, group: LayerGroup, output: (inner: Tensor) => Tensor): Tensor =>
    customGradient(
      [x, down, ...ups],
      () => {
        // [n, sum of ranks]
        const inner = remembered(group.tape, dtype, () => linear(drop(x, group), down));
        return { outputs: [output(inner)], saved: inner };
      },
      ([gradient], inner) => {
        const byOutput = gradient as Tensor; // [n, out]
        const byInner = inner.emptyLike();
        const byUps = places.map(({ part, scale, column, rank }, i) => {
          const rows = byOutput.narrow(1, part.start, part.outFeatures);
          byInner.narrow(1, column, rank).copy_(rows.matmul(ups[i]!).mul_(scale));
          // [rank, out], turned: the other order of this product is a quarter slower.
          const byUp = inner.narrow(1, column, rank).transpose(0, 1).matmul(rows);
          return byUp.mul_(scale).transpose(0, 1);
        });
        const byDown = byInner.transpose(0, 1).matmul(drop(x, group));
        const byInput = x.requiresGrad
          ? byOutput.matmul(weight).add_(drop(byInner.matmul(down), group))
          : null;
        return [byInput, byDown, ...byUps];
      },
    )[0] as Tensor;
  return Object.assign(
    (x: Tensor, group: LayerGroup) =>
      run(x, group, (inner) => remembered(group.tape, dtype, () => compute(x, inner))),
    {
      unnoted: (x: Tensor, group: LayerGroup) => run(x, group, (inner) => compute(x, inner)),
      connect: (x: Tensor, group: LayerGroup) =>
        run(x, group, () => undefinedOutput(x, base.outFeatures)),
    },
  );
}
