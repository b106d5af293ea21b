/**
 * What files written for other trainers contain: other names of keys, keys that accept a single
 * value here, keys that have no effect here, and values that are not supported.
 */
import { nearestOf } from "../../util/editDistance.js";
import { optimizerNames, schedulerTypes } from "./runFields.js";
import { type ConfigKey, keySchemas } from "./schema.js";
import { textToBoolean, textToNumber } from "./values.js";

/** Other names of a key, with the same meaning and values. */
export const synonyms: Readonly<Record<string, string>> = {
  evaluation_strategy: "eval_strategy",
  activation_checkpointing: "gradient_checkpointing",
  resume: "resume_from_checkpoint",
  no_cuda: "use_cpu",
  wandb_project: "project",
  wandb_name: "run_name",
  wandb_run_name: "run_name",
  wandb_tags: "run_tags",
  wandb_notes: "run_notes",
  wandb_group: "run_group",
};

/** What people call a key in no program in particular, or with another meaning in each. */
const replacements: Readonly<Record<string, string>> = {
  dataset: "train_file",
  datasets: "train_file",
  dataset_name: "train_file",
  max_samples: "train_file",
  model: "model_name_or_path",
  template: "template_name",
  chat_template: "template_name",
  adapter: "train_mode",
  batch_size: "per_device_train_batch_size",
  per_device_batch_size: "per_device_train_batch_size",
  per_gpu_train_batch_size: "per_device_train_batch_size",
  lora_r: "lora_rank",
  lora_target_modules: "lora_target",
  lora_target_linear: "lora_target",
  load_in_4bit: "bits",
  epochs: "num_train_epochs",
  lr: "learning_rate",
  torch_dtype: "bf16",
  dtype: "bf16",
};

/** The key of the schema: `--batch-size` and `batch_size` are the same, synonyms are replaced. */
export function canonicalName(name: string): string {
  const snake = name.replaceAll("-", "_");
  return synonyms[snake] ?? snake;
}

/** The key that means the same here as `name` does elsewhere. */
export function replacementOf(name: string): string | undefined {
  return Object.hasOwn(replacements, name) ? replacements[name] : undefined;
}

/**
 * The known key that `name` most likely means, or `undefined` if none is close.
 * @param more names that are known besides ours
 */
export function nearestName(name: string, more: readonly string[] = []): string | undefined {
  const known = [keySchemas, synonyms, fixedKeys, inertKeys].flatMap(Object.keys);
  return nearestOf(name, [...known, ...more]);
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

const oneLoss = "The loss is the mean cross-entropy of the labelled tokens.";

/** Keys of TrainingArguments, TRL and Firefly with a single possible value. */
export const fixedKeys: Readonly<Record<string, FixedKey>> = {
  // Data
  train_sampling_strategy: only(
    "random",
    "The data order depends on data_seed and the epoch only, which makes resuming exact.",
  ),
  assistant_only_loss: only(true, "train_on_prompt true trains on every token."),
  dataloader_drop_last: off(
    "Every conversation is trained on. The loss is divided by the number of labelled tokens, so a " +
      "short last batch gets its proper weight.",
  ),
  // Model and memory
  model_init_kwargs: unset("The model is configured by its config.json only."),
  // Loss and optimizer
  label_smoothing_factor: only(0, oneLoss),
  loss_type: { accepted: ["nll", "chunked_nll"], reason: oneLoss },
  neftune_noise_alpha: only(0, "Noise on the embeddings is not supported yet."),
  optim_args: unset(
    "The optimizer options are adam_beta1, adam_beta2, adam_epsilon, weight_decay.",
  ),
  optim_target_modules: unset("GaLore and APOLLO are not supported."),
  adafactor: off("Choose one of the optimizers that optim lists."),
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
const trackio = "Trackio is not supported; events.jsonl has every value.";
const hub = "nothing is uploaded: a run writes to its output_dir only.";
const parallel =
  "this version trains in a single process; recomputing activations keeps its memory small.";
const compile = "operators are called in libtorch directly; there is no Python graph to compile.";
const preferences = "it belongs to preference training.";
const devices = "the supported devices are the CPU and CUDA GPUs.";

/** Keys of other trainers that are accepted with any value and have no effect. */
export const inertKeys: Readonly<Record<string, InertKey>> = {
  group_by_length: inert(packed, false),
  label_names: inert("labels are made from the chat template.", ""),
  ignore_data_skip: inert("resuming seeks directly to the next conversation.", false),
  max_prompt_length: inert(preferences),
  beta: inert(preferences),
  use_unsloth: inert("its savings are built in: recomputation, chunked loss, fused LoRA.", false),
  torch_compile: inert(compile, false),
  torch_compile_backend: inert(compile, ""),
  torch_compile_mode: inert(compile, ""),
  deepspeed: inert(parallel, ""),
  fsdp: inert(parallel, "", false),
  fsdp_config: inert(parallel, ""),
  parallelism_config: inert(parallel, ""),
  accelerator_config: inert(parallel, ""),
  sharded_ddp: inert(parallel, "", false),
  tpu_num_cores: inert(devices),
  use_mps_device: inert(devices, false),
  use_ipex: inert(devices, false),
  tf32: inert("float32 products keep their full precision; bf16 is the fast type.", false),
  bf16_full_eval: inert("evaluation uses the number type of training.", false),
  fp16_full_eval: inert("evaluation uses the number type of training.", false),
  auto_find_batch_size: inert(
    "a micro-batch that does not fit into memory is taken apart, with the loss and gradients of the " +
      "whole; the batch size, which affects the result, stays. per_device_train_batch_size auto chooses it.",
    false,
  ),
  torch_empty_cache_steps: inert("freed memory is reused."),
  full_determinism: inert(
    "data order, initial weights and dropout depend on the seed only; GPU kernels may differ.",
    false,
  ),
  use_cache: inert("there is no key-value cache during training.", false, true),
  trust_remote_code: inert("code that comes with a model is never run.", false),
  debug: inert("it selects debuggers of Python processes.", ""),
  average_tokens_across_devices: inert(
    "the loss is always divided by the labelled tokens of the whole accumulation window.",
    true,
  ),
  eval_delay: inert("the first evaluation takes place after the first interval.", 0),
  save_safetensors: inert("weights are always saved as safetensors.", true),
  restore_callback_states_from_checkpoint: inert("there are no callbacks.", false),
  push_to_hub: inert(hub, false),
  push_to_hub_model_id: inert(hub, ""),
  push_to_hub_organization: inert(hub, ""),
  push_to_hub_token: inert(hub, ""),
  hub_token: inert("set HF_TOKEN in the environment for models that need it.", ""),
  hub_model_id: inert(hub, ""),
  hub_private_repo: inert(hub, "", false),
  hub_always_push: inert(hub, false),
  hub_revision: inert(hub, ""),
  do_predict: inert("./tunewright chat runs a trained model.", false),
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
  trackio_space_id: inert(trackio, "", "trackio"),
  trackio_bucket_id: inert(trackio, ""),
  trackio_static_space_id: inert(trackio, "", false),
};

const otherSchedules = [
  "reduce_lr_on_plateau",
  "cosine_with_min_lr",
  "cosine_warmup_with_min_lr",
  "warmup_stable_decay",
  "greedy",
];

/** Optimizers of transformers that compute what one of ours does. */
const sameOptimizers: Readonly<Record<string, { readonly optim: string; readonly why: string }>> = {
  adamw_hf: {
    optim: "adamw_torch",
    why: "transformers dropped adamw_hf for it; they differ in where epsilon is added",
  },
  adamw_apex_fused: { optim: "adamw_torch", why: "AdamW is always fused here" },
  adamw_torch_npu_fused: { optim: "adamw_torch", why: "AdamW is always fused here" },
  adamw_torch_xla: { optim: "adamw_torch", why: "both are AdamW" },
  paged_adamw: { optim: "paged_adamw_32bit", why: "it is another name of it" },
};

/** The value of ours that computes the same as another trainer's. What differs is noted. */
export function sameHere(key: ConfigKey, value: unknown, notes: string[]): unknown {
  const same = key === "optim" ? sameOptimizers[String(value)] : undefined;
  if (!same) return value;
  notes.push(`optim ${String(value)} is ${same.optim} here: ${same.why}.`);
  return same.optim;
}

/** Whether two values mean the same; an empty string, list or object all mean "not set". */
export function same(one: unknown, other: unknown): boolean {
  if (one === "" && typeof other === "object")
    return other !== null && Object.keys(other).length === 0;
  if (typeof one === "boolean") return textToBoolean(other) === one;
  if (typeof one === "number") return textToNumber(other) === one;
  return one === other;
}

/** Why a value of another trainer is rejected, and what to do; `undefined` for all other values. */
export function refusalOf(
  key: string,
  value: unknown,
): { readonly why: string; readonly todo: string } | undefined {
  const fixed = Object.hasOwn(fixedKeys, key) ? fixedKeys[key] : undefined;
  if (fixed && value !== null && !fixed.accepted.some((one) => same(one, value))) {
    const possible = fixed.accepted.find((one) => one !== "");
    const instead = possible === undefined ? "" : `, or set it to ${possible}`;
    return { why: fixed.reason, todo: `Remove ${key}${instead}.` };
  }
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
  if (key === "lr_scheduler_type" && otherSchedules.includes(word))
    return {
      why: "This schedule of transformers is not supported.",
      todo: `Use one of ${schedulerTypes.join(", ")}.`,
    };
  const isKnown = optimizerNames.some((name) => name === word);
  if (key === "optim" && !isKnown && !Object.hasOwn(sameOptimizers, word))
    return {
      why: "This optimizer is not supported.",
      todo: `Use one of ${optimizerNames.join(", ")}.`,
    };
  return undefined;
}
