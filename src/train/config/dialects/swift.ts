/**
 * ms-swift's JSON, YAML and arguments. Keys and defaults are those of `swift/arguments` and
 * `swift/trainers/arguments.py` in version 4.6, with the names that earlier versions had.
 */
import { basename } from "node:path";
import {
  type Default,
  type Dialect,
  each,
  type ForeignKeys,
  idle,
  inert,
  isEmpty,
  isFalse,
  isTrue,
  nothing,
  only,
  partOf,
  type Rule,
  refuse,
  renamed,
  set,
  toNumber,
  unsupported,
} from "./dialect.js";
import { modelFacts } from "./modelFacts.js";
import {
  attentionKernel,
  display,
  doubleQuantization,
  everyLayer,
  generation,
  heldOutRows,
  loraPlusRatio,
  machines,
  numberType,
  peftSwitch,
  preparation,
  quantizationMethod,
  quantizationType,
  rope,
  trainedModules,
} from "./shared.js";
import { swiftDatasets, swiftPlaceholders } from "./swiftDatasets.js";
import { swiftTracking } from "./trackers.js";

const tunerOf = (keys: ForeignKeys) =>
  String(keys.get("tuner_type") ?? keys.get("train_type") ?? keys.get("sft_type") ?? "lora");

const bitsOf = (keys: ForeignKeys) =>
  toNumber(keys.get("quant_bits") ?? keys.get("quantization_bit")) ?? 0;

const modeOf = (keys: ForeignKeys) => (bitsOf(keys) === 4 ? "qlora" : "lora");

const tuner: Rule = (value, keys) => {
  if (value === "full") return set({ train_mode: "full" });
  if (value === "lora") return set({ train_mode: modeOf(keys) });
  return refuse(
    `Of ms-swift's tuners lora and full are supported, not ${value}.`,
    "Use lora or full.",
    "train_mode",
  );
};

const ofAdapter =
  (rule: Rule): Rule =>
  (value, keys) => {
    if (tunerOf(keys) === "full") return idle("full training has no adapter");
    return goesOn(keys) ? idle("the one of adapters has its own") : rule(value, keys);
  };

/** Whether ms-swift trains on an adapter, whose own settings it takes. */
const goesOn = (keys: ForeignKeys) => !isEmpty(keys.get("adapters"));

const bits: Rule = (value) => {
  const number = toNumber(value) ?? 0;
  if (number === 0) return nothing;
  return number === 4 || number === 8
    ? set({ bits: number })
    : refuse("Base weights are kept in 16 or 32 bits, or in NF4.", "Use 4, or remove it.", "bits");
};

const truncation: Rule = (value) => {
  if (value === "delete") return set({ over_length: "drop" });
  if (value === "right") return set({ over_length: "cut" });
  if (value === "split") return set({ over_length: "split" });
  return refuse(
    "A conversation that is too long keeps its beginning.",
    "Use right or delete.",
    "over_length",
  );
};

const lossScale: Rule = (value) => {
  if (value === "default" || isEmpty(value)) return nothing;
  if (value === "all") return set({ train_on_prompt: true });
  if (value === "last_round") return set({ mask_history: true });
  return refuse("A token is either trained on or not.", "Use default, last_round or all.");
};

const template: Rule = (value) =>
  isEmpty(value)
    ? nothing
    : set(
        { template_name: null },
        `the template that comes with the model takes the place of ms-swift's ${value}`,
      );

const rules: Record<string, Rule> = {
  // Model
  model: renamed("model_name_or_path"),
  model_id_or_path: renamed("model_name_or_path"),
  model_type: inert("the model's config.json says what it is"),
  task_type: only("causal_lm", "Only causal language models are trained."),
  torch_dtype: (value, keys) =>
    keys.has("bf16") || keys.has("fp16")
      ? idle("bf16 and fp16 say in which type is trained")
      : numberType(value, keys),
  dtype: numberType,
  ...each("attn_impl experts_impl use_flash_attn", attentionKernel),
  rope_scaling: rope,
  max_model_len: inert("max_length says how long sequences are"),
  ...each("new_special_tokens", (value) =>
    isEmpty(value)
      ? nothing
      : refuse(
          "The vocabulary of a model is not extended yet.",
          "Add the tokens to the model first, and remove the key.",
        ),
  ),
  ...each("num_labels problem_type", () =>
    refuse("Classification is not supported.", "Remove it."),
  ),
  ...each(
    "device_map max_memory local_repo_path use_hf enable_npu_model_patch init_strategy use_ray device_groups ray_exp_name",
    machines,
  ),
  model_kwargs: (value) =>
    isEmpty(value) ? nothing : idle("it sets environment variables for images and video"),
  quant_method: quantizationMethod,
  quant_bits: bits,
  quantization_bit: bits,
  bnb_4bit_quant_type: quantizationType,
  bnb_4bit_use_double_quant: doubleQuantization,
  ...each(
    "bnb_4bit_compute_dtype bnb_4bit_comp_dtype bnb_4bit_quant_storage hqq_axis",
    inert("4-bit weights are stored as bytes, and multiplied in the type of training"),
  ),
  // Adapter
  tuner_type: tuner,
  train_type: tuner,
  sft_type: tuner,
  tuner_backend: inert("there is one way of training an adapter", "peft"),
  adapters: (value) => (isEmpty(value) ? nothing : set({ adapter_name_or_path: [value].flat() })),
  target_modules: ofAdapter(everyLayer),
  lora_target_modules: ofAdapter(everyLayer),
  target_regex: ofAdapter(renamed("lora_target")),
  target_parameters: ofAdapter(() =>
    refuse(
      "Adapters lie on layers, those of experts too.",
      "Name the experts' layers as files do, gate_proj, up_proj and down_proj, among the targets.",
    ),
  ),
  modules_to_save: ofAdapter(trainedModules),
  lora_rank: ofAdapter(renamed("lora_rank")),
  lora_alpha: ofAdapter(renamed("lora_alpha")),
  lora_dropout: ofAdapter(renamed("lora_dropout")),
  lora_dropout_p: ofAdapter(renamed("lora_dropout")),
  lora_bias: ofAdapter((value) => (value === "none" ? nothing : set({ bias: value }))),
  lora_dtype: inert("adapters are trained in float32"),
  lorap_lr_ratio: ofAdapter(loraPlusRatio),
  use_rslora: ofAdapter(peftSwitch("use_rslora")),
  use_dora: ofAdapter(peftSwitch("use_dora")),
  init_weights: ofAdapter((value) => (isTrue(value) ? nothing : set({ init_lora_weights: value }))),
  init_lora_weights: ofAdapter((value) =>
    isTrue(value) ? nothing : set({ init_lora_weights: value }),
  ),
  ...each(
    "freeze_parameters freeze_parameters_regex trainable_parameters trainable_parameters_regex",
    (value) =>
      isEmpty(value)
        ? nothing
        : refuse("Either all weights are trained, or an adapter.", "Remove it."),
  ),
  freeze_parameters_ratio: only(0, "Either all weights are trained, or an adapter."),
  freeze_llm: unsupported("A frozen language model"),
  ...each(
    "freeze_vit freeze_aligner vit_lr aligner_lr vit_gradient_checkpointing max_pixels norm_bbox",
    inert("it is about images, video and sound, and only text is trained on"),
  ),
  ...each(
    "lora_ga_batch_size lora_ga_iters lora_ga_max_length lora_ga_direction lora_ga_scale lora_ga_stable_gamma fourier_n_frequency fourier_scaling boft_block_size boft_block_num boft_n_butterfly_factor boft_dropout vera_rank vera_projection_prng_key vera_dropout vera_d_initial adapter_act adapter_length adalora_target_r adalora_init_r adalora_tinit adalora_tfinal adalora_deltaT adalora_beta1 adalora_beta2 adalora_orth_reg_weight llamapro_num_new_blocks llamapro_num_groups reft_layer_key reft_layers reft_rank reft_intervention_type reft_args use_swift_lora",
    inert("it belongs to another tuner", false),
  ),
  use_galore: unsupported("GaLore"),
  ...each(
    "galore_target_modules galore_rank galore_update_proj_gap galore_scale galore_proj_type galore_optim_per_parameter galore_with_embedding galore_quantization galore_proj_quant galore_proj_bits galore_proj_group_size galore_cos_threshold galore_gamma_proj galore_queue_size",
    (_value, keys) => (isTrue(keys.get("use_galore")) ? nothing : idle("use_galore is off")),
  ),
  lisa_activated_layers: only(0, "LISA is not supported."),
  lisa_step_interval: inert("it belongs to lisa_activated_layers"),
  optimizer: (value) =>
    isEmpty(value)
      ? nothing
      : refuse("Optimizers are those that optim lists.", "Use optim instead."),
  // Data
  dataset: swiftDatasets("train_file"),
  val_dataset: swiftDatasets("eval_file"),
  ...each("cached_dataset cached_val_dataset", (value) =>
    isEmpty(value)
      ? nothing
      : refuse("Tokenized files of ms-swift are not read.", "Give dataset instead.", "train_file"),
  ),
  columns: (value, keys) =>
    isEmpty(value) || keys.has("dataset") ? partOf("dataset") : idle("no dataset is named"),
  model_name: swiftPlaceholders,
  model_author: (value, keys) =>
    keys.has("model_name") ? nothing : swiftPlaceholders(value, keys),
  split_dataset_ratio: (value, keys) =>
    keys.get("eval_strategy") === "no" ? idle("eval_strategy is no") : heldOutRows(value, keys),
  custom_dataset_info: (value) =>
    isEmpty(value)
      ? nothing
      : refuse(
          "dataset_info.json of ms-swift is not read.",
          "Give the files as dataset.",
          "train_file",
        ),
  ...each("external_plugins custom_register_path callbacks", (value) =>
    isEmpty(value) ? nothing : refuse("Plugins of ms-swift are Python code.", "Remove it."),
  ),
  dataset_shuffle: inert("rows are shuffled in every epoch", true),
  train_dataloader_shuffle: only(true, "Rows are always shuffled.", "Remove it."),
  ...each(
    "load_from_cache_file download_mode dataset_num_proc packing_num_proc lazy_tokenize strict val_dataset_shuffle remove_unused_columns disable_auto_column_mapping preprocess_num_proc",
    preparation,
  ),
  streaming: inert("files of any size are read without it", false),
  shuffle_buffer_size: inert("all rows are shuffled together"),
  interleave_prob: (value) =>
    isEmpty(value)
      ? nothing
      : refuse(
          "Datasets are mixed by weight of each train_file.",
          "Import the file, and set the weights there.",
        ),
  stopping_strategy: inert("it belongs to interleave_prob"),
  max_length: renamed("max_seq_length"),
  truncation_strategy: truncation,
  packing: renamed("packing"),
  packing_length: (value, keys) =>
    value === keys.get("max_length") ? nothing : set({ max_seq_length: value }),
  ...each(
    "packing_strategy padding_free padding_side sequence_parallel_size",
    inert("sequences are packed without padding", false, 1),
  ),
  template,
  template_type: template,
  system: renamed("default_system"),
  use_chat_template: (value) => (isFalse(value) ? set({ task_type: "pretrain" }) : nothing),
  agent_template: () => refuse("The chat template decides how tools are written.", "Remove it."),
  template_backend: inert("the template that comes with the model is used", "jinja", "swift"),
  response_prefix: (value) =>
    isEmpty(value)
      ? nothing
      : refuse("Turns begin as the chat template writes them.", "Remove it."),
  enable_thinking: (value) => set({ chat_template_kwargs: { enable_thinking: isTrue(value) } }),
  preserve_thinking: (value) => (isTrue(value) ? set({ reasoning: "keep" }) : nothing),
  ...each(
    "add_non_thinking_prefix disable_ignore_empty_think",
    inert("the chat template writes empty thoughts", true, false),
  ),
  loss_scale: lossScale,
  is_binary_loss_scale: inert("a token is either trained on or not"),
  ...each(
    "decision_drop_instructions decision_subsample_options decision_state_as_text decision_shuffle_fields",
    only([0, false], "It is not supported."),
  ),
  // Optimization
  max_epochs: (value, keys) => {
    const epochs = toNumber(keys.get("num_train_epochs")) ?? 3;
    return (toNumber(value) ?? epochs) >= epochs ? nothing : set({ num_train_epochs: value });
  },
  ...each("batch_size", renamed("per_device_train_batch_size")),
  eval_batch_size: renamed("per_device_eval_batch_size"),
  router_aux_loss_coef: only(0, "The loss is the mean cross-entropy of the labelled tokens."),
  enable_dft_loss: unsupported("The DFT loss"),
  enable_channel_loss: inert("evaluation measures one loss", false),
  loss_type: (value) =>
    isEmpty(value) || value === "cross_entropy"
      ? nothing
      : refuse("The loss is the mean cross-entropy of the labelled tokens.", "Remove it."),
  early_stop_interval: (value) =>
    isEmpty(value) ? nothing : set({ early_stopping_patience: value }),
  mrl_dims: (value) =>
    isEmpty(value) ? nothing : refuse("It belongs to training embeddings.", "Remove it."),
  // Output, machine, display
  ...each(
    "add_version create_checkpoint_symlink",
    inert("output_dir is used as it is given", false),
  ),
  ...each("acc_strategy eval_metric", inert("evaluation measures the loss only", "token")),
  ...each(
    "eval_use_evalscope eval_dataset eval_dataset_args eval_limit eval_generation_config extra_eval_args predict_with_generate",
    inert("evaluation measures the loss only", false),
  ),
  ...each(
    "zero_hpz_partition_size deepspeed_autotp_size ds3_gather_for_generation use_flash_ckpt safe_serialization max_shard_size check_model load_args load_data_args ignore_args_error use_logits_to_keep resume_only_model aligner_lr swift_version rank global_world_size local_world_size ckpt_dir hub",
    machines,
  ),
  ...swiftTracking,
  ...each(
    "max_new_tokens temperature top_k top_p repetition_penalty num_beams stream stop_words logprobs top_logprobs structured_outputs_regex do_sample generation_config generation_max_length generation_num_beams sortish_sampler",
    generation,
  ),
  ...each("log_interval", display),
  rlhf_type: () =>
    refuse("It belongs to preference training, which is not supported yet.", "Remove it."),
};

export const swift: Dialect = {
  name: "ms-swift",
  title: "ms-swift",
  signs: [
    "model",
    "train_type",
    "tuner_type",
    "sft_type",
    "model_id_or_path",
    "dataset",
    "val_dataset",
    "split_dataset_ratio",
    "target_modules",
    "model_author",
    "model_name",
    "loss_scale",
    "quant_bits",
    "attn_impl",
    "system",
    "torch_dtype",
    "lazy_tokenize",
    "truncation_strategy",
    "adapters",
    "max_length",
  ],
  rules,
  defaults(keys): Default[] {
    const model = keys.get("model") ?? keys.get("model_id_or_path");
    const facts = modelFacts(model);
    const isFull = tunerOf(keys) === "full";
    const batch = toNumber(keys.get("per_device_train_batch_size") ?? keys.get("batch_size")) ?? 1;
    const adapter: Default[] =
      isFull || goesOn(keys)
        ? []
        : [
            { keys: { lora_rank: 8 } },
            { keys: { lora_alpha: 32 } },
            { keys: { lora_dropout: 0.05 } },
            { keys: { lora_target: "all" } },
          ];
    return [
      { keys: { train_mode: isFull ? "full" : modeOf(keys) } },
      ...adapter,
      ...ownType(keys, facts.dtype),
      positions(keys, facts.positions),
      { keys: { over_length: "drop" } },
      { keys: { per_device_train_batch_size: 1 } },
      {
        keys: { gradient_accumulation_steps: Math.max(1, Math.ceil(16 / batch)) },
        because: "16 rows for each step",
      },
      { keys: { learning_rate: isFull ? 1e-5 : 1e-4 } },
      { keys: { lr_scheduler_type: "cosine" } },
      { keys: { weight_decay: 0.1 } },
      { keys: { adam_beta2: 0.95 } },
      { keys: { logging_steps: 5 } },
      ...evaluation(keys),
      ...(typeof model === "string" ? [{ keys: { output_dir: `output/${basename(model)}` } }] : []),
    ];
  },
};

/** Sequences are as long as the model's positions, where max_length is not given. */
function positions(keys: ForeignKeys, known: number | undefined): Default {
  if (keys.has("max_length") || keys.has("packing_length")) return { keys: {} };
  return known === undefined
    ? {
        keys: { max_seq_length: 32768 },
        because:
          "max_length is not given, and the model's own limit is known only once it is fetched",
      }
    : {
        keys: { max_seq_length: known },
        because: "max_length is not given: the model's positions",
      };
}

/** Evaluation goes with saving, where there is something to evaluate on. */
function evaluation(keys: ForeignKeys): Default[] {
  const held = toNumber(keys.get("split_dataset_ratio")) ?? 0;
  if (held <= 0 && isEmpty(keys.get("val_dataset"))) return [];
  const strategy = keys.get("eval_strategy") ?? keys.get("save_strategy") ?? "steps";
  if (strategy === "no") return [];
  return [
    { keys: { eval_strategy: strategy } },
    ...(strategy === "steps" ? [{ keys: { eval_steps: keys.get("save_steps") ?? 500 } }] : []),
    { keys: { per_device_eval_batch_size: 1 } },
  ];
}

/** Training is in the model's own type, where none is given. */
function ownType(keys: ForeignKeys, dtype: string | undefined): Default[] {
  if (["bf16", "fp16", "torch_dtype", "dtype"].some((key) => keys.has(key))) return [];
  if (dtype === "float32") return [];
  if (dtype === "float16") return [{ keys: { fp16: true }, because: "the type of the model" }];
  return [{ keys: { bf16: true }, because: "the type of nearly all models" }];
}
