/** A model's description without its weights, and what can be counted from it. */
import { denseLinear, nameStack, type Parameter, parameter } from "../nn/index.js";
import { empty, type Tensor } from "../tensor/index.js";
import type { ModelConfig } from "./config.js";
import { headParameters, modelParameters, outerAdapters, ownWeights } from "./parameters.js";
import { modelFamily } from "./registry.js";
import type { CausalLanguageModel, ModelReader } from "./types.js";

/**
 * The model that a configuration describes, with tensors of the `meta` device, which have shapes and
 * no memory. Biases are there where the configuration says so; a head of its own unless it is tied.
 *
 * @returns its tensors are the caller's to dispose: call within `tidy`
 * @throws ConfigError where the family or one of its options is not supported
 */
export function describeModel(config: ModelConfig): CausalLanguageModel {
  const family = modelFamily(config.model_type);
  family.check(config);
  return family.build(config, metaReader());
}

function metaReader(): ModelReader {
  const make = (shape: readonly number[]): Tensor => empty([...shape], { device: "meta" });
  return {
    dtype: "float32",
    device: "meta",
    has: () => true,
    leaveOut: () => {},
    parameter: (name, shape) => parameter(name, make(shape)),
    stack(prefix, outFeatures, inFeatures, hasBias = false) {
      const { name, parts } = nameStack(prefix, outFeatures);
      const rows = parts.reduce((sum, part) => sum + part.outFeatures, 0);
      return denseLinear(
        parameter(`${name}.weight`, make([rows, inFeatures])),
        hasBias ? parameter(`${name}.bias`, make([rows])) : null,
        parts,
      );
    },
  };
}

/** Elements of all weights, adapters included, and of those that are trained. */
export function countElements(model: CausalLanguageModel): { all: number; trainable: number } {
  const { embedding, branches } = model;
  const sum = (counts: number[]) => counts.reduce((total, count) => total + count, 0);
  const sizes = (parameters: readonly Parameter[]) =>
    sum(parameters.map(({ tensor }) => tensor.numel));
  const inBranches = branches.map(
    (branch) =>
      sizes(ownWeights(branch)) +
      sum(Object.values(branch.linears).map(({ elements }) => elements)),
  );
  return {
    all: sizes([embedding, ...headParameters(model), ...outerAdapters(model)]) + sum(inBranches),
    trainable: sizes(modelParameters(model).filter(({ trainable }) => trainable)),
  };
}
