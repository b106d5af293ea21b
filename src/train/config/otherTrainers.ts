/**
 * What files written for other trainers contain: other names of keys, keys that accept a single
 * value here, keys that have no effect here, and values that are not supported.
 */
import { nearestOf } from "../../util/editDistance.js";
import { optimizerNames, schedulerTypes } from "./runFields.js";
import { type ConfigKey, keySchemas } from "./schema.js";

/** Other names of a key, with the same meaning and values. */
export const synonyms: Readonly<Record<string, string>> = {
  evaluation_strategy: "eval_strategy",
  activation_checkpointing: "gradient_checkpointing",
  resume: "resume_from_checkpoint",
  no_cuda: "use_cpu",
};

/** What other programs call a key; used for suggestions only. */
const suggestions: Readonly<Record<string, string>> = {
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
  bnb_4bit_compute_dtype: "compute_dtype",
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

/** The key of the schema: `--batch-size` and `batch_size` are the same, synonyms are replaced. */
export function canonicalName(name: string): string {
  const snake = name.replaceAll("-", "_");
  return synonyms[snake] ?? snake;
}

/** The known key that `name` most likely means, or `undefined` if none is close. */
export function nearestName(name: string): string | undefined {
  const known = [keySchemas, synonyms, fixedKeys, inertKeys].flatMap(Object.keys);
  return suggestions[name] ?? nearestOf(name, known);
}

/** A key that accepts only values that mean what Tunewright does anyway. */
export interface FixedKey {
  /** The accepted values; `null` is always accepted. */
  readonly accepted: readonly unknown[];
  /** Why other values are rejected, one line. */
  readonly reason: string;
}

const only = (accepted: unknown, reason: string): FixedKey => ({ accepted: [accepted], reason });
const off = (reason: string): FixedKey => only(false, reason);
const unset = (reason: string): FixedKey => ({ accepted: ["", false], reason });

const hub = "Nothing is uploaded: a run writes to its output_dir only.";
const parallel =
  "This version trains in a single process; recomputing activations keeps its memory small.";
const compile = "Operators are called in libtorch directly; there is no Python graph to compile.";
const dpo = "It belongs to preference training, which is not supported yet.";
const best = "Selecting the best checkpoint is not supported yet; see the evaluation events.";
const halfEval = "Evaluation uses the same number type as training.";
const oneLoss = "The loss is the mean cross-entropy of the labelled tokens.";
const assistant = "All assistant turns are trained on, and nothing else.";
const devices = "The supported devices are the CPU and CUDA GPUs.";

/** Keys of TrainingArguments, TRL and Firefly with a single possible value. */
export const fixedKeys: Readonly<Record<string, FixedKey>> = {
  // Data
  group_by_length: off("Batches are packed without padding, so grouping by length gains nothing."),
  train_sampling_strategy: only(
    "random",
    "The data order depends on data_seed and the epoch only, which makes resuming exact.",
  ),
  dataloader_drop_last: off(
    "Every conversation is trained on. The loss is divided by the number of labelled tokens, so a " +
      "short last batch gets its proper weight.",
  ),
  assistant_only_loss: only(true, assistant),
  train_on_prompt: off(assistant),
  max_prompt_length: unset(dpo),
  beta: unset(dpo),
  label_names: unset("Labels are made from the chat template."),
  ignore_data_skip: off("Resuming seeks directly to the next conversation."),
  // Model and memory
  use_unsloth: off("Its savings are built in: recomputation, chunked loss, fused LoRA."),
  torch_compile: off(compile),
  torch_compile_backend: unset(compile),
  torch_compile_mode: unset(compile),
  deepspeed: unset(`DeepSpeed is a Python library. ${parallel}`),
  fsdp: unset(parallel),
  fsdp_config: unset(parallel),
  parallelism_config: unset(parallel),
  accelerator_config: unset("Accelerate is a Python library and is not used here."),
  sharded_ddp: unset(parallel),
  tpu_num_cores: unset(devices),
  use_mps_device: off(devices),
  use_ipex: off(devices),
  tf32: off("float32 products keep their full precision. Use bf16 for speed."),
  bf16_full_eval: off(halfEval),
  fp16_full_eval: off(halfEval),
  auto_find_batch_size: off(
    "The batch size affects the result, so it is never changed. Lower per_device_train_batch_size " +
      "and raise gradient_accumulation_steps by the same factor instead.",
  ),
  torch_empty_cache_steps: unset(
    "Freed memory is reused; emptying the cache would only cost time.",
  ),
  full_determinism: off(
    "Data order, initial weights and dropout depend on the seed only, but GPU kernels are not " +
      "guaranteed to be deterministic.",
  ),
  use_cache: off("There is no key-value cache during training."),
  trust_remote_code: off("Code that comes with a model is never run."),
  model_init_kwargs: unset("The model is configured by its config.json only."),
  debug: unset("It selects debuggers of Python processes."),
  // Loss and optimizer
  label_smoothing_factor: only(0, oneLoss),
  neftune_noise_alpha: only(0, "Noise on the embeddings is not supported yet."),
  loss_type: only("nll", oneLoss),
  optim_args: unset(
    "The optimizer options are adam_beta1, adam_beta2, adam_epsilon, weight_decay.",
  ),
  optim_target_modules: unset("GaLore and APOLLO are not supported."),
  adafactor: off("Choose one of the optimizers that optim lists."),
  average_tokens_across_devices: only(
    true,
    "The loss is always divided by the labelled tokens of the whole accumulation window.",
  ),
  // Evaluation and saving
  eval_delay: only(0, "The first evaluation takes place after the first interval."),
  load_best_model_at_end: off(best),
  metric_for_best_model: { accepted: ["", "loss", "eval_loss"], reason: best },
  greater_is_better: unset(best),
  save_safetensors: only(true, "Weights are always saved as safetensors."),
  restore_callback_states_from_checkpoint: off("There are no callbacks."),
  push_to_hub: off(hub),
  push_to_hub_model_id: unset(hub),
  push_to_hub_organization: unset(hub),
  push_to_hub_token: unset(hub),
  hub_token: unset("The token would be saved with the run. Set HF_TOKEN instead."),
  hub_model_id: unset(hub),
  hub_private_repo: unset(hub),
  hub_always_push: off(hub),
  hub_revision: unset(hub),
  do_predict: off("Use ./tunewright chat to run a trained model."),
};

/** A key that cannot change the result here; a value that asks for something gets a note. */
export interface InertKey {
  /** Values that ask for nothing and get no note; `null` never gets one. */
  readonly quiet: readonly unknown[];
  /** Why it has no effect, one line. */
  readonly reason: string;
}

const inert = (reason: string, ...quiet: unknown[]): InertKey => ({ quiet, reason });

const loader = "rows are tokenized by threads; see dataloader_num_workers.";
const packed = "batches are always packed without padding.";
const ddp = "this version trains in a single process.";
const liger = "its chunked loss is built in.";
const recomputation = "there is only one way of recomputing activations.";
const half = "there is only one way of computing in 16 bits.";
const metrics = "evaluation measures the loss only.";
const logging = "every loss is written to events.jsonl, and terminal output is not configurable.";
const trackers = "it belongs to experiment trackers, and none is supported yet.";

/** Keys of other trainers that are accepted with any value and have no effect. */
export const inertKeys: Readonly<Record<string, InertKey>> = {
  remove_unused_columns: inert(
    "fields that are not part of a conversation are ignored.",
    false,
    true,
  ),
  dataloader_pin_memory: inert(loader, true, false),
  dataloader_persistent_workers: inert(loader, false),
  dataloader_multiprocessing_context: inert(loader, ""),
  dataloader_in_order: inert(loader, true),
  tokenize_num_workers: inert(loader),
  preprocessing_num_workers: inert(loader),
  dataset_num_proc: inert(loader),
  length_column_name: inert("batches are packed and need no column of lengths.", "length"),
  padding_free: inert(packed, true, false),
  pad_to_multiple_of: inert(packed, "auto", 0),
  use_liger_kernel: inert(liger, false),
  liger_kernel_config: inert(liger, ""),
  gradient_checkpointing_kwargs: inert(recomputation, ""),
  activation_checkpointing_kwargs: inert(recomputation, ""),
  half_precision_backend: inert(half, "auto"),
  fp16_backend: inert(half, "auto"),
  fp16_opt_level: inert(half, "O1"),
  do_train: inert("the train command always trains.", true, false),
  ddp_find_unused_parameters: inert(ddp, "", false),
  ddp_bucket_cap_mb: inert(ddp),
  ddp_broadcast_buffers: inert(ddp, false),
  ddp_static_graph: inert(ddp, false),
  ddp_backend: inert(ddp, ""),
  ddp_timeout: inert(ddp, 1800),
  local_rank: inert(ddp, -1, 0),
  log_on_each_node: inert(ddp, true),
  save_on_each_node: inert(ddp, false),
  prediction_loss_only: inert(metrics, false, true),
  eval_do_concat_batches: inert(metrics, true),
  eval_use_gather_object: inert(metrics, false),
  eval_accumulation_steps: inert(metrics),
  batch_eval_metrics: inert(metrics, false),
  include_for_metrics: inert(metrics, ""),
  include_inputs_for_metrics: inert(metrics, false),
  logging_dir: inert("it belongs to TensorBoard; events.jsonl is in output_dir.", ""),
  logging_nan_inf_filter: inert(logging, true, false),
  log_level: inert(logging, "passive"),
  log_level_replica: inert(logging, "warning", "passive"),
  include_num_input_tokens_seen: inert("every step event has the number of tokens.", false, "no"),
  include_tokens_per_second: inert(
    "every step event has the number of tokens and the time.",
    false,
  ),
  skip_memory_metrics: inert("peak memory is always measured.", true, false),
  enable_jit_checkpoint: inert("SIGTERM and SIGINT always save a checkpoint.", false, true),
  hub_strategy: inert("nothing is uploaded.", "every_save"),
  project: inert(trackers, "huggingface"),
  trackio_space_id: inert(trackers, "", "trackio"),
  trackio_bucket_id: inert(trackers, ""),
  trackio_static_space_id: inert(trackers, "", false),
};

const knownTrackers =
  "wandb tensorboard mlflow swanlab comet_ml clearml neptune trackio codecarbon dagshub dvclive " +
  "azure_ml flyte all";

const otherSchedules = [
  "reduce_lr_on_plateau",
  "cosine_with_min_lr",
  "cosine_warmup_with_min_lr",
  "warmup_stable_decay",
  "greedy",
];

/** Why a value of another trainer is rejected, and what to do; `undefined` for all other values. */
export function refusalOf(
  key: ConfigKey,
  value: unknown,
): { readonly why: string; readonly todo: string } | undefined {
  const word = String(value);
  if (key === "task_type" && word === "dpo")
    return {
      why: "Only supervised fine-tuning (sft) and pretraining (pretrain) are supported so far.",
      todo: "Use task_type sft or pretrain, or remove it.",
    };
  if (key === "bits" && word === "8")
    return {
      why: "8-bit base weights are not supported.",
      todo: "Use bits 4 (NF4, less memory) or bits 16 (faster).",
    };
  if (key === "save_strategy" && word === "best")
    return { why: best, todo: "Use save_strategy steps or epoch." };
  if (key === "lr_scheduler_type" && otherSchedules.includes(word))
    return {
      why: "This schedule of transformers is not supported.",
      todo: `Use one of ${schedulerTypes.join(", ")}.`,
    };
  if (key === "optim" && !optimizerNames.some((name) => name === word))
    return {
      why: "This optimizer is not supported.",
      todo: `Use one of ${optimizerNames.join(", ")}.`,
    };
  const tracker = [value].flat().find((name) => knownTrackers.split(" ").includes(String(name)));
  if (key === "report_to" && tracker)
    return {
      why: `Tracking with ${tracker} is not supported yet; a run writes events.jsonl only.`,
      todo: "Use report_to none, for example with the flag --report_to none.",
    };
  return undefined;
}
