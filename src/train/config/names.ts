/** Names of configuration keys: spellings, synonyms, and the nearest known name to a wrong one. */
import { nearestOf } from "../../util/editDistance.js";
import { fixedKeys } from "./fixedKeys.js";
import { inertKeys } from "./inertKeys.js";
import { keySchemas } from "./schema.js";

/** Other names of the same key, with the same meaning and values. */
export const synonyms: Readonly<Record<string, string>> = {
  evaluation_strategy: "eval_strategy",
  activation_checkpointing: "gradient_checkpointing",
  resume: "resume_from_checkpoint",
  no_cuda: "use_cpu",
};

/** What other programs call a key; used to suggest, never to guess. */
const elsewhere: Readonly<Record<string, string>> = {
  base_model: "model_name_or_path",
  dataset: "train_file",
  dataset_name: "train_file",
  template: "template_name",
  cutoff_len: "max_seq_length",
  max_length: "max_seq_length",
  sequence_len: "max_seq_length",
  finetuning_type: "train_mode",
  stage: "task_type",
  quantization_bit: "bits",
  load_in_4bit: "bits",
  lora_r: "lora_rank",
  lora_target_modules: "lora_target",
  lora_target_linear: "lora_target",
  micro_batch_size: "per_device_train_batch_size",
  batch_size: "per_device_train_batch_size",
  per_device_batch_size: "per_device_train_batch_size",
  per_gpu_train_batch_size: "per_device_train_batch_size",
  num_epochs: "num_train_epochs",
  lr: "learning_rate",
  lr_scheduler: "lr_scheduler_type",
  optimizer: "optim",
  torch_dtype: "bf16",
  dtype: "bf16",
};

/** `--per-device-train-batch-size` and `per_device_train_batch_size` are one key. */
export function canonicalName(name: string): string {
  const snake = name.replaceAll("-", "_");
  return synonyms[snake] ?? snake;
}

/** The known key that `name` most likely means, or `undefined` where none is near. */
export function nearestName(name: string): string | undefined {
  const foreign = elsewhere[name];
  if (foreign) return foreign;
  const known = [
    ...Object.keys(keySchemas),
    ...Object.keys(synonyms),
    ...Object.keys(fixedKeys),
    ...Object.keys(inertKeys),
  ];
  return nearestOf(name, known);
}
