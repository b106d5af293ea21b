/** A model back to a directory in Hugging Face's layout. */
import {
  type WeightDType,
  type WeightEntry,
  writeModelConfig,
  writeShardedSafetensors,
} from "../format/index.js";
import type { Linear } from "../nn/index.js";
import { type DType, type Tensor, tidy } from "../tensor/index.js";
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
function linearEntries(prefix: string, linear: Linear, dtype: DType): WeightEntry[] {
  return linear.parts.flatMap(({ name, start, outFeatures }) => {
    const weight = () => linear.weight(dtype).narrow(0, start, outFeatures);
    const entries = [
      entry(`${prefix}.${name}.weight`, weight, [outFeatures, linear.inFeatures], dtype),
    ];
    const { bias } = linear;
    if (bias) {
      const part = () => bias.narrow(0, start, outFeatures);
      entries.push(entry(`${prefix}.${name}.bias`, part, [outFeatures], dtype));
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
  const plain = (name: string, tensor: Tensor) => entry(name, () => tensor, tensor.shape, dtype);
  const entries = [
    plain("model.embed_tokens.weight", model.embedding),
    ...model.branches.flatMap((branch) => [
      plain(`model.layers.${branch.layer}.${branch.normName}.weight`, branch.norm),
      ...Object.values(branch.linears).flatMap((linear) =>
        linearEntries(branch.name, linear, dtype),
      ),
    ]),
    plain("model.norm.weight", model.finalNorm),
    ...(model.head === model.embedding ? [] : [plain("lm_head.weight", model.head)]),
  ];
  writeShardedSafetensors(directory, entries);
  writeModelConfig(directory, {
    ...model.config,
    tie_word_embeddings: model.head === model.embedding,
    dtype,
  });
}
