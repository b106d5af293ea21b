/**
 * What each configuration key may be when a run is resumed: one table for all of them. A checkpoint
 * holds the values that it was trained with, and they are compared with those that are configured now.
 */
import type { ConfigKey } from "../../config/index.js";

/** What becomes of a value that differs from the checkpoint's. */
export type ResumeRule =
  /** Refused: the checkpoint cannot be gone on from with another one. */
  | { readonly kind: "fixed"; readonly because: string }
  /** Decides what the rows of the steps to come are: refused unless changes to data are accepted. */
  | { readonly kind: "data"; readonly because: string }
  /** Told: training goes on with the new value, and its losses are others. */
  | { readonly kind: "course"; readonly effect: string }
  /** Told: the checkpoint's value stays. */
  | { readonly kind: "kept"; readonly because: string }
  /** Decides how many rows a step takes, which is how the place in the data is counted. */
  | { readonly kind: "position" }
  /** What it names is compared, not its name. */
  | { readonly kind: "content"; readonly what: "model" | "template" | "train data" | "eval data" }
  /** Does not change what is trained. */
  | { readonly kind: "free" };

const fixed = (because: string): ResumeRule => ({ kind: "fixed", because });
const data = (because: string): ResumeRule => ({ kind: "data", because });
const course = (effect: string): ResumeRule => ({ kind: "course", effect });
const content = (what: "model" | "template" | "train data" | "eval data"): ResumeRule => ({
  kind: "content",
  what,
});
const free: ResumeRule = { kind: "free" };

const shape = fixed("the adapter in the checkpoint has this shape, and its weights fit no other");
const scaled = fixed("the weights in the checkpoint were trained with this scale");
const started = fixed("the adapter has begun, and its weights are those of the checkpoint");
const numbers = fixed("weights and activations were computed in this number type so far");
/** What decides how rows are written for the model. */
export const rendered = data("the rows that are still to come would become other tokens or labels");
const schedule = course(
  "the learning rate of the steps to come is another, as if the whole run were planned so",
);
const update = course("the steps to come are taken with the new value");

/** Every key of the configuration has its rule here; the compiler sees to it. */
export const resumeRules: Readonly<Record<ConfigKey, ResumeRule>> = {
  // Model
  model_name_or_path: content("model"),
  cache_dir: free,
  model_revision: content("model"),
  adapter_name_or_path: fixed("the checkpoint holds the adapters that it was trained on"),
  create_new_adapter: fixed("the checkpoint holds the adapters that it was trained on"),
  template_name: content("template"),
  chat_template_kwargs: content("template"),
  fix_added_tokens: rendered,
  new_tokens: fixed("the checkpoint has the rows of these tokens"),
  use_cpu: course("another device rounds differently"),

  // Data
  train_file: content("train data"),
  eval_file: content("eval data"),
  val_size: data("rows that were held out would be trained on, or the other way round"),
  max_seq_length: rendered,
  over_length: rendered,
  special_tokens_in_text: rendered,
  per_device_train_batch_size: { kind: "position" },
  auto_batch_size: free,
  packing: fixed("which rows lie behind the checkpoint is counted in micro-batches of this kind"),
  per_device_eval_batch_size: free,
  seed: fixed("dropout and the order of the rows are functions of it"),
  data_seed: fixed("the order of the rows is a function of it, so some would come twice"),
  on_error: free,
  check_rows: free,
  streaming: fixed("the rows come in another order, so some would come twice"),
  shuffle_buffer_size: fixed("the rows come in another order, so some would come twice"),
  dataloader_num_workers: free,
  dataloader_prefetch_factor: free,
  reasoning: rendered,
  train_on_prompt: rendered,
  mask_history: rendered,
  default_system: rendered,
  same_role: rendered,
  moss_tools: rendered,
  moss_learn: rendered,
  moss_meta_instruction: rendered,
  placeholders: rendered,

  // Training method
  task_type: fixed("the run trains for this task"),
  train_mode: fixed("the checkpoint holds what this way of training trains"),
  bits: numbers,
  lora_rank: shape,
  lora_alpha: scaled,
  use_rslora: scaled,
  lora_dropout: update,
  lora_target: shape,
  exclude_modules: shape,
  layers_to_transform: shape,
  layers_pattern: shape,
  rank_pattern: shape,
  alpha_pattern: scaled,
  use_dora: shape,
  lora_bias: shape,
  bias: shape,
  modules_to_save: shape,
  trainable_token_indices: shape,
  ensure_weight_tying: shape,
  init_lora_weights: started,
  loraplus_lr_ratio: update,
  loraplus_lr_embedding: update,
  save_plain_lora: free,

  // Number types and memory
  bf16: numbers,
  fp16: numbers,
  compute_dtype: course("products of the steps to come are rounded differently"),
  gradient_checkpointing: {
    kind: "kept",
    because: "what is kept and what is computed again stays as it was, so that the numbers do",
  },
  max_memory: free,
  dry_run: free,

  // Duration, optimizer, learning rate
  num_train_epochs: schedule,
  max_steps: schedule,
  gradient_accumulation_steps: { kind: "position" },
  learning_rate: update,
  lr_scheduler_type: schedule,
  lr_scheduler_kwargs: schedule,
  warmup_steps: schedule,
  warmup_ratio: schedule,
  optim: fixed("the checkpoint holds the state of this optimizer"),
  weight_decay: update,
  adam_beta1: update,
  adam_beta2: update,
  adam_epsilon: update,
  max_grad_norm: update,

  // Logging
  logging_strategy: free,
  logging_steps: free,
  logging_first_step: free,
  disable_tqdm: free,
  report_to: free,
  run_name: free,
  project: free,
  run_tags: free,
  run_notes: free,
  run_group: free,
  wandb_entity: free,
  wandb_mode: free,
  mlflow_tracking_uri: free,
  swanlab_workspace: free,
  logging_dir: free,

  // Evaluation
  do_eval: free,
  eval_strategy: free,
  eval_steps: free,
  eval_on_start: free,
  sample_prompts: free,
  sample_max_new_tokens: free,
  sample_dialogue: free,
  eval_tasks: free,
  eval_data_dir: free,
  eval_limit: free,
  eval_num_fewshot: free,
  eval_protocol: free,

  // Watching
  load_best_model_at_end: free,
  metric_for_best_model: course("evaluations so far were compared by another metric"),
  greater_is_better: course("evaluations so far were compared the other way round"),
  early_stopping_patience: course("the run may end at another step"),
  early_stopping_threshold: course("the run may end at another step"),
  spike_factor: free,
  on_non_finite: course("a step whose loss or gradients are not finite has other consequences"),
  max_non_finite_steps: course("the run may end at another step"),

  // Run directory and checkpoints
  output_dir: free,
  overwrite_output_dir: free,
  resume_from_checkpoint: free,
  resume_changes: free,
  save_strategy: free,
  save_steps: free,
  save_total_limit: free,
  save_only_model: free,
  on_disk_full: free,
};
