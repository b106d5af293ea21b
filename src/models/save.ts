/** A model back to a directory in Hugging Face's layout. */
import { type WeightDType, type WeightEntry, writeShardedSafetensors } from "../format/index.js";
import type { Linear, Parameter } from "../nn/index.js";
import { type DType, type Tensor, tidy } from "../tensor/index.js";
import { writeModelConfig } from "./configFile.js";
import { headParameters } from "./parameters.js";
import type { CausalLanguageModel } from "./types.js";

const storedTypes: Partial<Record<DType, WeightDType>> = {
  float32: "F32",
  bfloat16: "BF16",
  float16: "F16",
};

/** One weight, brought to the CPU and into `dtype` when it is written. */
function entry(
  name: string,
  tensor: () => Tensor,
  shape: readonly number[],
  dtype: DType,
): WeightEntry {
  return {
    name,
    dtype: storedTypes[dtype]!,
    shape: [...shape],
    data: () => tidy(() => tensor().detach().to({ dtype, device: "cpu" }).contiguous().bytes()),
  };
}

/** The parts of a stacked layer under their own names. */
function linearEntries(linear: Linear, dtype: DType): WeightEntry[] {
  return linear.parts.flatMap(({ name, start, outFeatures }) => {
    const weight = () => linear.denseWeight(dtype).narrow(0, start, outFeatures);
    const entries = [entry(`${name}.weight`, weight, [outFeatures, linear.inFeatures], dtype)];
    const { bias } = linear;
    if (bias) {
      const part = () => bias.tensor.narrow(0, start, outFeatures);
      entries.push(entry(`${name}.bias`, part, [outFeatures], dtype));
    }
    return entries;
  });
}

/**
 * Writes config.json and the weights, in shards where they are large.
 *
 * @param dtype data type of the stored weights
 */
export function saveModel(model: CausalLanguageModel, directory: string, dtype: DType): void {
  const { embedding, branches, output } = model;
  const isTied = output.weight === embedding;
  const plain = ({ name, tensor }: Parameter) => entry(name, () => tensor, tensor.shape, dtype);
  const entries = [
    plain(embedding),
    ...branches.flatMap(({ norms, linears }) => [
      ...norms.map(plain),
      ...Object.values(linears).flatMap((linear) => linearEntries(linear, dtype)),
    ]),
    ...headParameters(model).map(plain),
  ];
  writeShardedSafetensors(directory, entries);
  writeModelConfig(directory, { ...model.config, tie_word_embeddings: isTied, dtype });
}
