/** A model back to a directory in Hugging Face's layout. */
import { type WeightDType, type WeightEntry, writeShardedSafetensors } from "../format/index.js";
import { isJoined, type Linear, type Parameter } from "../nn/index.js";
import { type DType, type Tensor, tidy } from "../tensor/index.js";
import { writeModelConfig } from "./configFile.js";
import { headParameters, ownWeights } from "./parameters.js";
import type { CausalLanguageModel } from "./types.js";

const storedTypes: Partial<Record<DType, WeightDType>> = {
  float32: "F32",
  bfloat16: "BF16",
  float16: "F16",
};

/** The data type that a weight is to be stored in, by its name. */
type TypeOf = (name: string) => DType;

/** One weight, brought to the CPU and into its stored type when it is written. */
function entry(
  name: string,
  tensor: (dtype: DType) => Tensor,
  shape: readonly number[],
  typeOf: TypeOf,
): WeightEntry {
  const dtype = typeOf(name);
  return {
    name,
    dtype: storedTypes[dtype]!,
    shape: [...shape],
    data: () =>
      tidy(() => tensor(dtype).detach().to({ dtype, device: "cpu" }).contiguous().bytes()),
  };
}

/** The parts of a stacked layer under their own names. */
function linearEntries(linear: Linear, typeOf: TypeOf): WeightEntry[] {
  if (isJoined(linear)) return linear.layers.flatMap((layer) => linearEntries(layer, typeOf));
  return linear.parts.flatMap(({ name, start, outFeatures }) => {
    const weight = (dtype: DType) => linear.denseWeight(dtype).narrow(0, start, outFeatures);
    const entries = [entry(`${name}.weight`, weight, [outFeatures, linear.inFeatures], typeOf)];
    const { bias } = linear;
    if (bias) {
      const part = () => bias.tensor.narrow(0, start, outFeatures);
      entries.push(entry(`${name}.bias`, part, [outFeatures], typeOf));
    }
    return entries;
  });
}

/**
 * Every weight of a model, to be written. Adapters are not in them.
 *
 * @param typeOf the data type that each is stored in
 */
export function weightEntries(model: CausalLanguageModel, typeOf: TypeOf): WeightEntry[] {
  const { embedding, branches } = model;
  const plain = ({ name, tensor }: Parameter) => entry(name, () => tensor, tensor.shape, typeOf);
  return [
    plain(embedding),
    ...branches.flatMap((branch) => [
      ...ownWeights(branch).map(plain),
      ...Object.values(branch.linears).flatMap((linear) => linearEntries(linear, typeOf)),
    ]),
    ...headParameters(model).map(plain),
  ];
}

/**
 * Writes config.json and the weights, in shards where they are large.
 *
 * @param dtype data type of the stored weights
 */
export function saveModel(model: CausalLanguageModel, directory: string, dtype: DType): void {
  const isTied = model.output.weight === model.embedding;
  writeShardedSafetensors(
    directory,
    weightEntries(model, () => dtype),
  );
  writeModelConfig(directory, { ...model.config, tie_word_embeddings: isTied, dtype });
}
