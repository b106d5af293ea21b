/** A frozen linear layer in NF4; QLoRA is an adapter around it. */
import type { StoredFourBit } from "../format/index.js";
import { affine, type Linear, storedAs, storedTypes } from "../nn/index.js";
import { type DType, empty, tidy } from "../tensor/index.js";
import { dequantizeNf4Into, type Nf4Tensor, nf4Blocks, quantizeNf4, storedNf4 } from "./nf4.js";

/** A linear layer whose parts are quantized each by itself, as separate layers would be. */
export interface QuantizedLinear extends Linear {
  quantized: Nf4Tensor[];
}

export function isQuantized(layer: Linear): layer is QuantizedLinear {
  return "quantized" in layer;
}

/**
 * Quantizes a dense layer and frees its weight.
 *
 * @param stored its parts as a checkpoint holds them in 4 bits: they are taken as they are, if in NF4
 *   with the same blocks
 */
export function quantizeLinear(
  dense: Linear,
  dtype: DType,
  stored?: readonly StoredFourBit[],
): QuantizedLinear {
  const weight = dense.denseWeight(dtype);
  const quantized = dense.parts.map(({ start, outFeatures }, i) => {
    const own = stored?.[i] && storedNf4(stored[i], weight.device);
    return own ?? tidy(() => quantizeNf4(weight.narrow(0, start, outFeatures)));
  });
  weight.dispose();
  for (const tensor of dense.tensors()) if (tensor !== dense.bias?.tensor) tensor.dispose();
  return quantizedLinear(dense, quantized);
}

/** A layer from weights that are quantized already. */
export function quantizedLinear(
  {
    inFeatures,
    outFeatures,
    parts,
    bias,
  }: Pick<Linear, "inFeatures" | "outFeatures" | "parts" | "bias">,
  quantized: Nf4Tensor[],
): QuantizedLinear {
  const denseWeight = (dtype: DType) => {
    const device = quantized[0]!.packed.device;
    const dense = empty([outFeatures, inFeatures], { dtype, device });
    tidy(() => {
      parts.forEach(({ start, outFeatures: rows }, i) => {
        dequantizeNf4Into(quantized[i]!, dense.narrow(0, start, rows));
      });
    });
    return dense;
  };
  const layer: QuantizedLinear = {
    quantized,
    inFeatures,
    outFeatures,
    parts,
    bias,
    elements: inFeatures * outFeatures + (bias ? outFeatures : 0),
    apply: (x, group) => affine(x, group, layer, null),
    parameters: () => (bias ? [bias] : []),
    preparedWeight: (weights, dtype) =>
      weights.make(quantized, dtype, true, () => denseWeight(dtype)),
    denseWeight,
    stored(weights) {
      if (inFeatures % 64 !== 0) return storedAs(layer.preparedWeight(weights, "float32"));
      const tensors = quantized.map((one, i) =>
        weights.make(one, "uint8", true, () => nf4Blocks(one, parts[i]!.outFeatures)),
      );
      return { tensors, types: tensors.map(() => storedTypes.NF4) };
    },
    tensors: () => [
      ...quantized.flatMap(({ packed, absmax, nestedAbsmax, nestedCode, offset }) => [
        packed,
        absmax,
        nestedAbsmax,
        nestedCode,
        offset,
      ]),
      ...(bias ? [bias.tensor] : []),
    ],
  };
  return layer;
}
