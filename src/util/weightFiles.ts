/** Names of the files that weights lie in, in the order in which they are looked for. */

/** Of a model: the only file, or the list of its shards. */
export const modelWeights = {
  safetensors: { single: "model.safetensors", index: "model.safetensors.index.json" },
  torch: { single: "pytorch_model.bin", index: "pytorch_model.bin.index.json" },
} as const;

/** Of an adapter. */
export const adapterWeights = ["adapter_model.safetensors", "adapter_model.bin"] as const;
