/** Linear layers beside each other that are computed one by one, as a stack of their parts. */
import { cat, type Tensor } from "../tensor/index.js";
import { type Linear, stackParts } from "./linear.js";
import { addGradient, operate, tensorOf } from "./record.js";

/** Layers with the same input whose outputs follow each other. */
export interface JoinedLinear extends Linear {
  layers: readonly Linear[];
}

export function isJoined(layer: Linear): layer is JoinedLinear {
  return "layers" in layer;
}

/** Joins layers that read the same input. Each keeps its weight and bias. */
export function joinLinears(layers: readonly Linear[]): JoinedLinear {
  const outFeatures = layers.reduce((sum, layer) => sum + layer.outFeatures, 0);
  const joined: JoinedLinear = {
    layers,
    inFeatures: layers[0]?.inFeatures ?? 0,
    outFeatures,
    parts: stackParts(layers.flatMap(({ parts }) => parts)),
    bias: null,
    elements: layers.reduce((sum, { elements }) => sum + elements, 0),
    apply(x, group) {
      const outputs = layers.map((layer) => layer.apply(x, group));
      const [output] = operate({
        inputs: outputs,
        cost: "cheap",
        compute: () => [cat(outputs.map(tensorOf), 1)],
        backward([gradient]) {
          let start = 0;
          outputs.forEach((one, i) => {
            const width = layers[i]!.outFeatures;
            addGradient(one, gradient!.narrow(1, start, width).clone());
            start += width;
          });
        },
      });
      return output!;
    },
    parameters: () => layers.flatMap((layer) => layer.parameters()),
    preparedWeight: (weights, dtype) =>
      weights.make(joined, dtype, false, () =>
        stacked(layers.map((layer) => layer.preparedWeight(weights, dtype))),
      ),
    denseWeight: (dtype) => stacked(layers.map((layer) => layer.denseWeight(dtype))),
    tensors: () => layers.flatMap((layer) => layer.tensors()),
  };
  return joined;
}

function stacked(weights: readonly Tensor[]): Tensor {
  return cat(weights, 0);
}
