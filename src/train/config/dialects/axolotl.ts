/**
 * axolotl's YAML. Keys and defaults are those of `src/axolotl/utils/schemas` and of its builders
 * (`core/builders/base.py`) in version 0.19.
 */
import { axolotlDatasets, axolotlTemplate, axolotlTexts } from "./axolotlDatasets.js";
import {
  adapter,
  batchSize,
  evalsPerEpoch,
  evaluates,
  excessLength,
  goesOn,
  gpuMemoryLimit,
  gradientCheckpointing,
  hasEvaluation,
  is4bit,
  is8bit,
  loadsBest,
  numberSwitch,
  ofAdapter,
  ofEvaluation,
  plugins,
  sameModel,
  savesPerEpoch,
  specialTokens,
  vocabulary,
} from "./axolotlRules.js";
import {
  type Default,
  type Dialect,
  each,
  idle,
  inert,
  isEmpty,
  isFalse,
  isTrue,
  nothing,
  only,
  type Rule,
  refuse,
  renamed,
  set,
  toNumber,
  unsupported,
} from "./dialect.js";
import {
  attentionKernel,
  display,
  everyLayer,
  generation,
  heldOutRows,
  loraPlus,
  machines,
  peftSwitch,
  preparation,
  remoteCode,
  rope,
  trainedModules,
} from "./shared.js";
import { axolotlTracking } from "./trackers.js";

const rules: Record<string, Rule> = {
  // Model
  base_model: renamed("model_name_or_path"),
  ...each("base_model_config tokenizer_config", sameModel("configuration")),
  revision_of_model: renamed("model_revision"),
  ...each(
    "model_type tokenizer_type tokenizer_use_fast tokenizer_legacy tokenizer_use_mistral_common type_of_model cls_model_config processor_type processor_kwargs is_falcon_derived_model is_llama_derived_model is_mistral_derived_model is_qwen_derived_model tokenizer_save_jinja_files experimental_skip_move_to_device",
    inert("the model's config.json and tokenizer say what it is"),
  ),
  ...each("trust_remote_code", remoteCode),
  ...each("rope_scaling", rope),
  ...each(
    "model_config overrides_of_model_config model_kwargs overrides_of_model_kwargs",
    (value) =>
      isEmpty(value)
        ? nothing
        : refuse(
            "The model is configured by its config.json only.",
            "Change the model's config.json, and remove it here.",
          ),
  ),
  ...each("tokens added_tokens_overrides", vocabulary),
  ...each(
    "resize_token_embeddings_to_32x mean_resizing_embeddings shrink_embeddings fix_untrained_tokens embeddings_skip_upcast",
    inert("the vocabulary stays as it is", false),
  ),
  special_tokens: specialTokens,
  reinit_weights: unsupported("Training from random weights"),
  ...each(
    "model_quantization_config model_quantization_config_kwargs use_onebitllms gptq qat quantization",
    (value) =>
      isEmpty(value) || isFalse(value)
        ? nothing
        : refuse(
            "Base weights are kept in 16 or 32 bits, or in NF4.",
            "Use load_in_4bit, or remove it.",
          ),
  ),
  quantize_moe_experts: inert("experts have 4 bits where other layers have", true),
  gptq_disable_exllama: inert("it belongs to gptq"),
  load_in_4bit: (value, keys) =>
    isTrue(value) && keys.has("adapter")
      ? set({ bits: 4 })
      : isTrue(value)
        ? set({ bits: 4, train_mode: "qlora" })
        : nothing,
  load_in_8bit: is8bit,
  bnb_config_kwargs: (value) =>
    isEmpty(value)
      ? nothing
      : refuse("4-bit weights are NF4 with double quantization.", "Remove it."),
  // Adapter
  adapter,
  lora_model_dir: (value) => set({ adapter_name_or_path: [value].flat() }),
  lora_r: ofAdapter(renamed("lora_rank")),
  lora_alpha: ofAdapter(renamed("lora_alpha")),
  lora_dropout: ofAdapter(renamed("lora_dropout")),
  lora_target_linear: ofAdapter((value) => (isTrue(value) ? set({ lora_target: "all" }) : nothing)),
  lora_target_modules: ofAdapter((value, keys) =>
    isTrue(keys.get("lora_target_linear"))
      ? idle("lora_target_linear takes every linear layer")
      : everyLayer(value, keys),
  ),
  lora_target_parameters: () =>
    refuse(
      "Adapters lie on layers, those of experts too.",
      "Name the experts' layers as files do, gate_proj, up_proj and down_proj, among the targets.",
    ),
  lora_modules_to_save: ofAdapter(trainedModules),
  lora_fan_in_fan_out: inert("the layers of the model say how their weights lie", false),
  lora_rank_pattern: ofAdapter(renamed("rank_pattern")),
  lora_alpha_pattern: ofAdapter(renamed("alpha_pattern")),
  peft_layers_to_transform: renamed("layers_to_transform"),
  peft_layers_pattern: renamed("layers_pattern"),
  peft_trainable_token_indices: ofAdapter(renamed("trainable_token_indices")),
  peft_ensure_weight_tying: ofAdapter(peftSwitch("ensure_weight_tying")),
  peft_use_dora: peftSwitch("use_dora"),
  peft_use_rslora: peftSwitch("use_rslora"),
  peft_init_lora_weights: (value) => (isTrue(value) ? nothing : set({ init_lora_weights: value })),
  ...each("peft_layer_replication peft", (value) =>
    isEmpty(value) ? nothing : refuse("This option of PEFT is not supported.", "Remove it."),
  ),
  ...each(
    "peft_autocast_adapter_dtype lora_on_cpu qlora_sharded_model_loading merge_lora merge_method",
    inert("it does not change what is trained"),
  ),
  ...loraPlus((rule) => rule),
  relora: unsupported("ReLoRA"),
  ...each(
    "relora_prune_ratio relora_prune_method relora_cpu_offload",
    inert("it belongs to relora"),
  ),
  unfrozen_parameters: (value) =>
    isEmpty(value)
      ? nothing
      : refuse("Either all weights are trained, or an adapter.", "Remove it."),
  // Data
  datasets: axolotlDatasets("train_file"),
  pretraining_dataset: axolotlDatasets("train_file"),
  test_datasets: axolotlDatasets("eval_file"),
  chat_template: axolotlTemplate,
  chat_template_jinja: (value) =>
    isEmpty(value)
      ? nothing
      : refuse(
          "The chat template comes with the model.",
          "Save it as chat_template.jinja in the folder of the model, and remove it here.",
          "template_name",
        ),
  chat_template_kwargs: renamed("chat_template_kwargs"),
  default_system_message: renamed("default_system"),
  eot_tokens: inert("the chat template says what ends a turn, and that is learnt"),
  sequence_len: renamed("max_seq_length"),
  eval_sequence_len: (value, keys) =>
    value === keys.get("sequence_len") ? nothing : idle("evaluation has the length of training"),
  excess_length_strategy: excessLength,
  min_sample_len: (value) =>
    (toNumber(value) ?? 0) <= 2
      ? nothing
      : refuse(
          "Short rows are trained on.",
          "Clean the data with ./tunewright data clean, and remove it.",
        ),
  sample_packing: renamed("packing"),
  ...each(
    "sample_packing_group_size sample_packing_bin_size sample_packing_sequentially sample_packing_mp_start_method sample_packing_eff_est eval_sample_packing pad_to_sequence_len pad_to_multiple_of multipack_real_batches batch_flattening pretrain_multipack_buffer_size pretrain_multipack_attn streaming_multipack_buffer_size pretraining_sample_concatenation total_num_tokens total_supervised_tokens",
    inert(
      "sequences are packed without padding, and attention never crosses from one to another",
      false,
    ),
  ),
  val_set_size: heldOutRows,
  train_on_inputs: (value) => (isTrue(value) ? set({ train_on_prompt: true }) : nothing),
  shuffle_merged_datasets: only(true, "Rows are always shuffled.", "Remove it."),
  shuffle_before_merging_datasets: inert("all rows are shuffled together", false),
  curriculum_sampling: unsupported("Training in the order of the files"),
  dataset_exact_deduplication: (value) =>
    isTrue(value)
      ? refuse(
          "Rows are not compared while training.",
          "Run ./tunewright data dedup on the files first, and remove it.",
        )
      : nothing,
  ...each("dataset_shard_num dataset_shard_idx", () =>
    refuse("A part of the data is taken with limit or repeat of a source.", "Remove it."),
  ),
  ...each(
    "dataset_prepared_path skip_prepare_dataset num_dataset_shards_to_save dataset_processes dataset_keep_in_memory push_dataset_to_hub is_preprocess preprocess_iterable",
    preparation,
  ),
  streaming: inert("files of any size are read without it", false),
  hf_use_auth_token: inert("HF_TOKEN in the environment is used", false, true),
  ...each(
    "use_pose pose_split_on_token_ids pose_max_context_len pose_num_chunks max_packed_sequence_len max_prompt_len",
    (value) =>
      isEmpty(value) || isFalse(value) ? nothing : refuse("It is not supported.", "Remove it."),
  ),
  // Number types
  bf16: numberSwitch("bf16"),
  bfloat16: numberSwitch("bf16"),
  fp16: numberSwitch("fp16"),
  float16: numberSwitch("fp16"),
  float32: inert("without bf16 and fp16 training is in float32"),
  fp8: unsupported("FP8 training"),
  ...each("fp8_config fp8_enable_fsdp_float8_all_gather", inert("it belongs to fp8", false)),
  ...each("fp32_norms fp32_norm_classes", inert("norms are computed in float32")),
  gradient_checkpointing: gradientCheckpointing,
  ...each(
    "selective_checkpointing activation_offloading layer_offloading",
    inert("there is only one way of recomputing activations", false),
  ),
  ...each(
    "xformers_attention sdp_attention flex_attention flex_attn_compile_kwargs flash_attention flash_attn_cross_entropy flash_attn_fuse_mlp flash_attn_fuse_qkv flash_attn_rms_norm flash_optimum sage_attention eager_attention attn_implementation gemma4_hybrid_attn_impl large_head_attention flash_attn_d512 sdpa_varlen fused_attn_kernel experts_implementation",
    attentionKernel,
  ),
  s2_attention: unsupported("Shifted sparse attention"),
  ...each("scaling_softmax scaling_softmax_factor scaling_softmax_bias", (value) =>
    isEmpty(value) || isFalse(value)
      ? nothing
      : refuse("Attention is computed as the model's authors do.", "Remove it."),
  ),
  ...each(
    "lora_mlp_kernel lora_qkv_kernel lora_o_kernel lora_embedding_kernel chunked_cross_entropy chunked_cross_entropy_num_chunks tiled_mlp tiled_mlp_num_shards tiled_mlp_use_original_mlp llama4_linearized_experts use_kernels ple_cpu_offload unsloth_cross_entropy_loss unsloth_lora_mlp unsloth_lora_qkv unsloth_lora_o unsloth_rms_norm unsloth_rope cut_cross_entropy liger_rope liger_rms_norm liger_layer_norm liger_glu_activation liger_swiglu liger_cross_entropy liger_fused_linear_cross_entropy liger_use_token_scaling",
    inert("its savings are built in", false),
  ),
  // Optimization
  gradient_accumulation_steps: renamed("gradient_accumulation_steps"),
  micro_batch_size: renamed("per_device_train_batch_size"),
  batch_size: batchSize,
  eval_batch_size: ofEvaluation(renamed("per_device_eval_batch_size")),
  optimizer: renamed("optim"),
  lr_scheduler: renamed("lr_scheduler_type"),
  num_epochs: renamed("num_train_epochs"),
  ...each("cosine_min_lr_ratio cosine_constant_lr_ratio lr_quadratic_warmup", (value) =>
    isEmpty(value) || isFalse(value)
      ? nothing
      : refuse("The schedules are those that lr_scheduler_type lists.", "Remove it."),
  ),
  ...each("embedding_lr embedding_lr_scale lr_groups", (value) =>
    isEmpty(value) ? nothing : refuse("One learning rate is used for all weights.", "Remove it."),
  ),
  ...each(
    "torchdistx_path lr_div_factor adam_epsilon2 adam_beta3 dion_lr dion_momentum dion_rank_fraction dion_rank_multiple_of qgalore_rank qgalore_update_proj_gap qgalore_scale qgalore_proj_type qgalore_proj_quant qgalore_proj_bits qgalore_proj_group_size qgalore_cos_threshold qgalore_gamma_proj qgalore_queue_size",
    inert("it belongs to an optimizer that is not used"),
  ),
  ...each(
    "jagged_restart_steps jagged_restart_warmup_steps jagged_restart_anneal_steps lisa_n_layers lisa_step_interval lisa_layers_attribute",
    (value) =>
      isEmpty(value) || isFalse(value) ? nothing : refuse("It is not supported.", "Remove it."),
  ),
  noisy_embedding_alpha: renamed("neftune_noise_alpha"),
  use_eaft: unsupported("The EAFT loss"),
  ...each("eaft_alpha eaft_k", inert("it belongs to use_eaft")),
  early_stopping_patience: (value) =>
    isEmpty(value) ? nothing : set({ early_stopping_patience: value }),
  ...each(
    "loss_watchdog_threshold loss_watchdog_patience",
    inert("a loss that is not finite stops a run"),
  ),
  trainer_cls: () => refuse("Trainers of Python cannot be used.", "Remove it."),
  plugins,
  // Evaluation and saving
  evals_per_epoch: evalsPerEpoch,
  saves_per_epoch: savesPerEpoch,
  eval_steps: ofEvaluation((value) => set(evaluates({ eval_steps: value }))),
  eval_strategy: ofEvaluation(renamed("eval_strategy")),
  evaluation_strategy: ofEvaluation(renamed("eval_strategy")),
  save_steps: (value) => set({ save_strategy: "steps", save_steps: value }),
  save_strategy: (value, keys) =>
    keys.has("save_steps") ? nothing : set({ save_strategy: value }),
  save_first_step: inert("SIGTERM and SIGINT save a checkpoint at any time", false),
  auto_resume_from_checkpoints: inert("say --resume to go on with a run", false),
  ...each(
    "do_causal_lm_eval eval_causal_lm_metrics do_bench_eval bench_dataset bench_split",
    inert("evaluation measures the loss only", false),
  ),
  ...each(
    "eval_table_size eval_max_new_tokens generate_samples num_generation_samples generation_max_new_tokens generation_temperature generation_top_p generation_top_k generation_prompt_ratio generation_do_sample",
    (value, keys) => (isFalse(value) ? nothing : generation(value, keys)),
  ),
  // Preferences
  rl: (value) =>
    isEmpty(value)
      ? nothing
      : refuse(
          "It belongs to preference training, which is not supported yet.",
          "Remove it, and give data of conversations.",
        ),
  ...each("reward_model process_reward_model", unsupported("Training a reward model")),
  num_labels: () => refuse("Classification is not supported.", "Remove it."),
  ...each(
    "trl vllm ebft center_rewards_coefficient dpo_use_weighting dpo_label_smoothing precompute_ref_log_probs dpo_use_liger_kernel dpo_padding_free dpo_loss_type dpo_loss_weights orpo_alpha simpo_gamma cpo_alpha kto_desirable_weight kto_undesirable_weight rl_beta dpo_beta rpo_alpha dpo_generate_during_eval dpo_norm_loss dpo_use_logits_to_keep",
    inert("it belongs to preference training"),
  ),
  ...each(
    "image_size image_resize_algorithm freeze_mm_modules",
    inert("it is about images, and only text is trained on"),
  ),
  role_boundaries: inert("the chat template says where turns begin and end"),
  // Machine and display
  gpu_memory_limit: gpuMemoryLimit,
  ...each(
    "device device_map world_size ddp max_memory low_cpu_mem_usage deepcompile fsdp_version fsdp_final_state_dict_type dp_shard_size dp_replicate_size sequence_parallel_degree context_parallel_size heads_k_stride ring_attn_func tensor_parallel_size use_ray ray_run_name ray_num_workers resources_per_worker gc_steps gc_collect_steps dynamic_checkpoint torch_compile_options",
    machines,
  ),
  ...axolotlTracking,
  ...each("include_tkps profiler_steps profiler_steps_start strict axolotl_config_path", display),
  ...each(
    "gradio_title gradio_share gradio_server_name gradio_server_port gradio_max_new_tokens gradio_temperature",
    generation,
  ),
  debug: inert(
    "it shows what axolotl reads; ./tunewright data preview shows tokens and labels",
    false,
  ),
};

export const axolotl: Dialect = {
  name: "axolotl",
  title: "axolotl",
  signs: [
    "base_model",
    "datasets",
    "sequence_len",
    "micro_batch_size",
    "num_epochs",
    "optimizer",
    "lr_scheduler",
    "sample_packing",
    "val_set_size",
    "adapter",
    "lora_target_linear",
    "dataset_prepared_path",
    "train_on_inputs",
    "flash_attention",
    "pad_to_sequence_len",
    "evals_per_epoch",
    "saves_per_epoch",
    "pretraining_dataset",
    "special_tokens",
    "wandb_project",
  ],
  rules,
  defaults(keys): Default[] {
    const steps = toNumber(keys.get("max_steps"));
    const scheduler = keys.get("lr_scheduler") ?? "cosine";
    const hasWarmup =
      keys.has("warmup_steps") || keys.has("warmup_ratio") || scheduler === "constant";
    const warmup: Default =
      steps !== undefined && steps > 0
        ? {
            keys: { warmup_steps: Math.min(Math.floor(0.03 * steps), 100) },
            because: "3 % of the steps, at most 100",
          }
        : { keys: { warmup_ratio: 0.03 }, because: "there it is at most 100 steps" };
    const micro = keys.get("micro_batch_size") ?? 1;
    const isHalf = isTrue(keys.get("fp16")) || isTrue(keys.get("float16")) || keys.has("bf16");
    const long = axolotlTexts(keys) ? [] : [{ keys: { over_length: "drop" } }];
    return [
      { keys: { train_mode: is4bit(keys) ? "qlora" : "full" } },
      ...(isHalf ? [] : [{ keys: { bf16: true }, because: "bf16 auto" }]),
      ...(keys.has("adapter") && !goesOn(keys) ? [{ keys: { lora_dropout: 0 } }] : []),
      { keys: { max_seq_length: 512 } },
      ...long,
      { keys: { num_train_epochs: 1 } },
      { keys: { per_device_train_batch_size: 1 } },
      ...(hasEvaluation(keys) ? [{ keys: { per_device_eval_batch_size: micro } }] : []),
      { keys: { lr_scheduler_type: "cosine" } },
      ...(hasWarmup ? [] : [warmup]),
      { keys: { save_strategy: "epoch" } },
      { keys: { save_total_limit: 4 } },
      ...(loadsBest(keys) ? [{ keys: { load_best_model_at_end: true } }] : []),
      { keys: { output_dir: "./model-out" } },
    ];
  },
};
