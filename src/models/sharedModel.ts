/** Several models on the same weights, so that each can have adapters of its own. */
import type { Linear, Parameter } from "../nn/index.js";
import { headParameters, ownWeights } from "./parameters.js";
import { modelFamily } from "./registry.js";
import type { CausalLanguageModel, ModelReader } from "./types.js";

/**
 * Another model of the same weights, built anew over the tensors of the first, which stay that one's: an
 * adapter that only adds to it leaves the first as it is.
 *
 * @param model without adapters
 */
export function sharedModel(model: CausalLanguageModel): CausalLanguageModel {
  const { config, embedding, output } = model;
  const parameters = new Map<string, Parameter>(
    [
      ...headParameters(model),
      ...model.branches.flatMap((branch) => ownWeights(branch)),
      embedding,
    ].map((parameter) => [parameter.name, parameter]),
  );
  const linears = new Map<string, Linear>(
    model.branches.flatMap((branch) =>
      Object.values(branch.linears).map((linear) => [linear.parts[0]!.name, linear] as const),
    ),
  );
  const known = <Kind>(table: ReadonlyMap<string, Kind>, name: string): Kind => {
    const found = table.get(name);
    if (found === undefined) throw new RangeError(`the model has no ${name} to share`);
    return found;
  };
  const reader: ModelReader = {
    dtype: model.dtype,
    device: model.device,
    has: (name) => parameters.has(name),
    leaveOut: () => {},
    parameter: (name) => ({ ...known(parameters, name) }),
    stack: (prefix, outFeatures) => known(linears, `${prefix}.${Object.keys(outFeatures)[0]}`),
  };
  const shared = modelFamily(config.model_type).build(config, reader);
  // What loading did to the output head holds here too.
  shared.output.weight = output.weight === embedding ? shared.embedding : { ...output.weight };
  shared.output.normalizesRows = output.normalizesRows;
  shared.output.isNormalized = output.isNormalized;
  if (output.stored) shared.output.stored = { ...output.stored, isShared: true };
  if (model.storedTypes) shared.storedTypes = model.storedTypes;
  return shared;
}
