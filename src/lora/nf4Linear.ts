/** A frozen linear layer in NF4; QLoRA is an adapter around it. */
import { denseLinear, type Linear } from "../nn/index.js";
import { type DType, empty, tidy } from "../tensor/index.js";
import { dequantizeNf4Into, type Nf4Tensor, quantizeNf4 } from "./nf4.js";

/** A linear layer whose parts are quantised each by itself, as separate layers would be. */
export interface QuantizedLinear extends Linear {
  quantized: Nf4Tensor[];
}

/** Quantises a dense layer and frees its weight. */
export function quantizeLinear(dense: Linear, dtype: DType): QuantizedLinear {
  const weight = dense.weight(dtype);
  const quantized = dense.parts.map(({ start, outFeatures }) =>
    tidy(() => quantizeNf4(weight.narrow(0, start, outFeatures))),
  );
  weight.dispose();
  for (const tensor of dense.tensors()) if (tensor !== dense.bias) tensor.dispose();
  return quantizedLinear(dense, quantized);
}

/** A layer from weights that are quantised already. */
export function quantizedLinear(
  layer: Pick<Linear, "inFeatures" | "outFeatures" | "parts" | "bias">,
  quantized: Nf4Tensor[],
): QuantizedLinear {
  const { inFeatures, outFeatures, parts, bias } = layer;
  const weight = (dtype: DType) => {
    const device = quantized[0]!.packed.device;
    const dense = empty([outFeatures, inFeatures], { dtype, device });
    tidy(() => {
      parts.forEach(({ start, outFeatures: rows }, i) => {
        dequantizeNf4Into(quantized[i]!, dense.narrow(0, start, rows));
      });
    });
    return dense;
  };
  return {
    quantized,
    inFeatures,
    outFeatures,
    parts,
    bias,
    parameters: () => new Map(),
    weight,
    prepare(preparation) {
      const dense = denseLinear(weight(preparation.dtype), bias, parts);
      return dense.prepare(preparation);
    },
    tensors: () => [
      ...quantized.flatMap(({ packed, absmax, nestedAbsmax, nestedCode, offset }) => [
        packed,
        absmax,
        nestedAbsmax,
        nestedCode,
        offset,
      ]),
      ...(bias ? [bias] : []),
    ],
  };
}
