/**
 * Keys of TrainingArguments, TRL and Firefly that have one possible value here. Another value is
 * refused with the reason, never ignored.
 */

/** A key that only takes values that mean what Tunewright does anyway. */
export interface FixedKey {
  /** The values that are accepted; `null` always is. */
  readonly accepted: readonly unknown[];
  /** Why another value is refused, one line. */
  readonly reason: string;
}

const off = (reason: string): FixedKey => ({ accepted: [false], reason });
const unset = (reason: string): FixedKey => ({ accepted: ["", false], reason });

const hub = "Nothing is uploaded: a run writes to its output_dir only.";
const parallel =
  "This version trains in one process; its memory is bounded by block recomputation.";
const compile = "Operators run through libtorch directly; there is no Python graph to compile.";
const dpo = "It belongs to preference training, and only task_type sft exists.";
const best = "Choosing the best checkpoint does not exist yet: read the evaluation events.";
const halfEval = "An evaluation computes in the type that training computes in.";
const oneLoss = "The loss is the mean cross-entropy of the labelled tokens.";

export const fixedKeys: Readonly<Record<string, FixedKey>> = {
  // Data
  group_by_length: off("Batches are packed without padding, so sorting by length gains nothing."),
  train_sampling_strategy: {
    accepted: ["random"],
    reason: "The order is a shuffle by data_seed and epoch, which is what makes resuming exact.",
  },
  dataloader_drop_last: off(
    "Every conversation is trained on: the loss is divided by labelled tokens, so a short last " +
      "batch weighs what it should.",
  ),
  assistant_only_loss: {
    accepted: [true],
    reason: "All assistant turns are trained on, and nothing else.",
  },
  train_on_prompt: off("All assistant turns are trained on, and nothing else."),
  max_prompt_length: unset(dpo),
  beta: unset(dpo),
  label_names: unset("Labels are made from the chat template."),
  ignore_data_skip: off("Resuming goes to the very next conversation, by seeking."),
  // Model and memory
  use_unsloth: off("Its savings are the default here: recomputation, chunked loss, fused adapter."),
  torch_compile: off(compile),
  torch_compile_backend: unset(compile),
  torch_compile_mode: unset(compile),
  deepspeed: unset(`DeepSpeed is a Python library. ${parallel}`),
  fsdp: unset(parallel),
  fsdp_config: unset(parallel),
  parallelism_config: unset(parallel),
  accelerator_config: unset("Accelerate is a Python library that takes no part here."),
  sharded_ddp: unset(parallel),
  tpu_num_cores: unset("Devices are the CPU and CUDA."),
  use_mps_device: off("Devices are the CPU and CUDA."),
  use_ipex: off("Devices are the CPU and CUDA, as libtorch ships them."),
  tf32: off("float32 products keep their full precision; bf16 is the fast type."),
  bf16_full_eval: off(halfEval),
  fp16_full_eval: off(halfEval),
  auto_find_batch_size: off(
    "Batch sizes are part of the result: lower per_device_train_batch_size and raise " +
      "gradient_accumulation_steps by the same factor instead.",
  ),
  torch_empty_cache_steps: unset("Freed memory is reused; emptying the cache only costs time."),
  full_determinism: off(
    "Data order, first weights and dropout depend on the seed only; bit-equal GPU kernels are not " +
      "promised.",
  ),
  use_cache: off("Training keeps no key-value cache."),
  trust_remote_code: off("No code is loaded with a model."),
  model_init_kwargs: unset("The model's config.json says everything."),
  debug: unset("It names debuggers of Python processes."),
  // Loss and optimizer
  label_smoothing_factor: { accepted: [0], reason: oneLoss },
  neftune_noise_alpha: {
    accepted: [0],
    reason: "Noise on the embeddings does not exist yet.",
  },
  loss_type: { accepted: ["nll"], reason: oneLoss },
  optim_args: unset("The optimizers take adam_beta1, adam_beta2, adam_epsilon and weight_decay."),
  optim_target_modules: unset("GaLore and APOLLO do not exist here."),
  adafactor: off("The optimizers are those that optim names."),
  average_tokens_across_devices: {
    accepted: [true],
    reason: "The loss is always divided by the labelled tokens of the whole window.",
  },
  // Evaluation and saving
  eval_delay: { accepted: [0], reason: "Evaluations begin with the first interval." },
  load_best_model_at_end: off(best),
  metric_for_best_model: { accepted: ["", "loss", "eval_loss"], reason: best },
  greater_is_better: { accepted: ["", false], reason: best },
  save_safetensors: { accepted: [true], reason: "Weights are only ever written as safetensors." },
  restore_callback_states_from_checkpoint: off("There are no callbacks."),
  push_to_hub: off(hub),
  push_to_hub_model_id: unset(hub),
  push_to_hub_organization: unset(hub),
  push_to_hub_token: unset(hub),
  hub_token: unset(
    "A token in a configuration would be stored with the run: set HF_TOKEN instead.",
  ),
  hub_model_id: unset(hub),
  hub_private_repo: unset(hub),
  hub_always_push: off(hub),
  hub_revision: unset(hub),
  do_predict: off("./tunewright chat runs a trained model."),
};
