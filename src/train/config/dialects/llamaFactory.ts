/**
 * LLaMA-Factory's YAML and JSON. Keys and defaults are those of `src/llamafactory/hparams` in its
 * version 0.9.5.
 */
import { datasetRule, evaluationDatasetRule } from "./datasetInfo.js";
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
  toWords,
  unsupported,
} from "./dialect.js";
import {
  attentionKernel,
  display,
  doubleQuantization,
  generation,
  heldOutRows,
  loraPlus,
  machines,
  peftSwitch,
  preparation,
  quantizationMethod,
  quantizationType,
  remoteCode,
  rope,
  trainedModules,
} from "./shared.js";
import { llamaFactoryProject, llamaFactoryTracking } from "./trackers.js";

const stage: Rule = (value) => {
  if (value === "sft") return set({ task_type: "sft" });
  if (value === "pt") return set({ task_type: "pretrain" });
  return refuse(
    "Only supervised fine-tuning (sft) and pretraining (pt) are supported so far.",
    "Use stage sft or pt.",
    "task_type",
  );
};

const finetuningType: Rule = (value, keys) => {
  if (value === "full") return set({ train_mode: "full" });
  if (value === "lora") return set({ train_mode: modeOf(keys) });
  return refuse(
    `Of LLaMA-Factory's methods lora and full are supported, not ${value}.`,
    "Use finetuning_type lora or full.",
    "train_mode",
  );
};

function modeOf(keys: ForeignKeys): "lora" | "qlora" {
  return toNumber(keys.get("quantization_bit")) === 4 ? "qlora" : "lora";
}

const isFull = (keys: ForeignKeys) => keys.get("finetuning_type") === "full";

/** Whether LLaMA-Factory trains on an adapter, whose own settings it takes. */
const goesOn = (keys: ForeignKeys) =>
  !isEmpty(keys.get("adapter_name_or_path")) && !isTrue(keys.get("create_new_adapter"));

/** Keys of training with an adapter, which full training has not. */
const withAdapter =
  (rule: Rule): Rule =>
  (value, keys) =>
    isFull(keys) ? idle("finetuning_type full has no adapter") : rule(value, keys);

/** Keys of a new adapter. */
const ofAdapter = (rule: Rule): Rule =>
  withAdapter((value, keys) =>
    goesOn(keys) ? idle("the adapter that training goes on from has its own") : rule(value, keys),
  );

/** Templates that are written here as they are there. */
const sameTemplates = ["chatml", "llama3"];

const template: Rule = (value) => {
  const name = String(value);
  if (sameTemplates.includes(name)) return set({ template_name: name });
  return set(
    { template_name: null },
    `the template that comes with the model takes the place of LLaMA-Factory's ${name}`,
  );
};

const packing: Rule = (value, keys) => {
  if (isFalse(value)) return set({ packing: false });
  const apart = isTrue(keys.get("neat_packing"));
  return apart
    ? set({ packing: true })
    : set(
        { packing: true },
        "attention never crosses from one conversation to another, as with neat_packing",
      );
};

const cutoff: Rule = (value, keys) => {
  const length = toNumber(value);
  const packed = isPacked(keys) && length !== undefined;
  return packed
    ? set({ max_seq_length: length - 1 }, "LLaMA-Factory packs into one token less")
    : set({ max_seq_length: value });
};

function isPacked(keys: ForeignKeys): boolean {
  return isTrue(keys.get("neat_packing")) || isTrue(keys.get("packing"));
}

/** Options of a method: the method itself says whether it is supported. */
function optionsOf(method: string, names: string): Record<string, Rule> {
  return each(names, inert(`it belongs to ${method}`));
}

const rules: Record<string, Rule> = {
  // Model
  adapter_name_or_path: (value) => set({ adapter_name_or_path: toWords(value) }),
  quantization_bit: withAdapter((value) => set({ bits: value })),
  quantization_method: quantizationMethod,
  quantization_type: quantizationType,
  double_quantization: doubleQuantization,
  trust_remote_code: remoteCode,
  rope_scaling: rope,
  flash_attn: attentionKernel,
  disable_gradient_checkpointing: (value) =>
    isTrue(value) ? set({ gradient_checkpointing: false }) : nothing,
  ...each("shift_attn", unsupported("Shifted sparse attention", "Remove it, or set it to false.")),
  mixture_of_depths: () => refuse("Mixture of depths is not supported.", "Remove it."),
  moe_aux_loss_coef: only(0, "The loss is the mean cross-entropy of the labelled tokens."),
  train_from_scratch: unsupported("Training from random weights"),
  ...each("resize_vocab add_tokens add_special_tokens new_special_tokens_config", (value) =>
    isFalse(value)
      ? nothing
      : refuse(
          "The vocabulary of a model is not extended yet.",
          "Add the tokens to the model first, and remove the key.",
        ),
  ),
  split_special_tokens: (value) =>
    isTrue(value) ? set({ special_tokens_in_text: "text" }) : nothing,
  ...each(
    "use_unsloth use_unsloth_gc enable_liger_kernel use_v1_kernels use_kt",
    inert("its savings are built in: recomputation, chunked loss, fused adapters", false),
  ),
  ...each(
    "use_reentrant_gc upcast_layernorm upcast_lmhead_output low_cpu_mem_usage use_fast_tokenizer init_special_tokens print_param_status",
    inert("it does not change what is computed here", true, false, "noise_init"),
  ),
  ...each(
    "infer_backend offload_folder use_kv_cache infer_dtype export_dir export_size export_device export_quantization_bit export_quantization_dataset export_quantization_nsamples export_quantization_maxlen export_legacy_format export_hub_model_id vllm_maxlen vllm_gpu_util vllm_enforce_eager vllm_max_lora_rank vllm_config sglang_maxlen sglang_mem_fraction sglang_tp_size sglang_config sglang_lora_backend",
    inert("it is about inference and export, not about training"),
  ),
  ...each(
    "image_max_pixels image_min_pixels image_do_pan_and_scan crop_to_patches video_max_pixels video_min_pixels video_fps video_maxlen use_audio_in_video audio_sampling_rate media_dir freeze_vision_tower freeze_multi_modal_projector",
    inert("it is about images, video and sound, and only text is trained on"),
  ),
  freeze_language_model: unsupported("A frozen language model"),
  ...each("hf_hub_token ms_hub_token om_hub_token", () =>
    idle("set HF_TOKEN in the environment instead"),
  ),
  ...each(
    "kt_weight_path kt_expert_checkpoint_path kt_use_lora_experts kt_lora_expert_num kt_lora_expert_intermediate_size quantization_device_map adapter_folder",
    machines,
  ),
  // Data
  dataset: datasetRule,
  eval_dataset: evaluationDatasetRule,
  dataset_dir: (_value, keys) =>
    keys.has("dataset") || keys.has("eval_dataset")
      ? partOf("dataset")
      : idle("no dataset is named"),
  max_samples: (_value, keys) =>
    keys.has("dataset") ? partOf("dataset") : idle("no dataset is named"),
  template,
  cutoff_len: cutoff,
  train_on_prompt: (value) => (isTrue(value) ? set({ train_on_prompt: true }) : nothing),
  mask_history: (value) => (isTrue(value) ? set({ mask_history: true }) : nothing),
  streaming: unsupported(
    "Streaming of named datasets",
    "Remove it: files of any size are read without it.",
  ),
  buffer_size: inert("it belongs to streaming"),
  mix_strategy: only(
    "concat",
    "Datasets are mixed by weight, repeat and limit of each train_file.",
    "Remove it, or import the file and set the weights there.",
  ),
  interleave_probs: only([], "It belongs to a mix_strategy that is not supported.", "Remove it."),
  val_size: heldOutRows,
  packing,
  neat_packing: (value) => (isTrue(value) ? set({ packing: true }) : nothing),
  default_system: renamed("default_system"),
  tool_format: () => refuse("The chat template decides how tools are written.", "Remove it."),
  enable_thinking: (value) =>
    isFalse(value) ? set({ chat_template_kwargs: { enable_thinking: false } }) : nothing,
  preserve_thinking: inert("every turn is trained on with its reasoning", true, false),
  tokenized_path: preparation,
  ...each("overwrite_cache data_shared_file_system eval_on_each_dataset", preparation),
  ...each("preprocessing_batch_size preprocessing_num_workers", preparation),
  ignore_pad_token_for_loss: inert("there is no padding", true),
  eval_num_beams: generation,
  // Method
  stage,
  finetuning_type: finetuningType,
  do_train: inert("the train command always trains", true, false),
  lora_rank: ofAdapter(renamed("lora_rank")),
  lora_alpha: ofAdapter(renamed("lora_alpha")),
  lora_dropout: ofAdapter(renamed("lora_dropout")),
  lora_target: ofAdapter(renamed("lora_target")),
  additional_target: ofAdapter(trainedModules),
  use_rslora: ofAdapter(peftSwitch("use_rslora")),
  use_dora: ofAdapter(peftSwitch("use_dora")),
  pissa_init: ofAdapter((value, keys) => {
    if (!isTrue(value)) return nothing;
    return toNumber(keys.get("pissa_iter")) === -1
      ? set({ init_lora_weights: "pissa" })
      : set({ init_lora_weights: "pissa" }, "by the exact decomposition, not by iteration");
  }),
  pissa_iter: () => partOf("pissa_init"),
  pissa_convert: ofAdapter((value) => (isTrue(value) ? set({ save_plain_lora: true }) : nothing)),
  create_new_adapter: (value) =>
    isTrue(value)
      ? set({ create_new_adapter: true }, "the adapters below lie beside the weights, unmerged")
      : nothing,
  ...loraPlus(withAdapter),
  ...each(
    "freeze_trainable_layers freeze_trainable_modules freeze_extra_modules",
    inert("it belongs to finetuning_type freeze"),
  ),
  ...each(
    "module_dropout oft_rank oft_block_size oft_target",
    inert("it belongs to finetuning_type oft"),
  ),
  ...each(
    "pref_beta pref_ftx pref_bco_weight pref_loss dpo_label_smoothing kto_chosen_weight kto_rejected_weight simpo_gamma ppo_buffer_size ppo_epochs ppo_score_norm ppo_target ppo_whiten_rewards ref_model ref_model_adapters ref_model_quantization_bit reward_model reward_model_adapters reward_model_quantization_bit reward_model_type ld_alpha",
    inert("it belongs to training on preferences"),
  ),
  use_galore: unsupported("GaLore"),
  ...optionsOf(
    "use_galore",
    "galore_target galore_rank galore_update_interval galore_scale galore_proj_type galore_layerwise",
  ),
  use_apollo: unsupported("APOLLO"),
  ...optionsOf(
    "use_apollo",
    "apollo_target apollo_rank apollo_update_interval apollo_scale apollo_proj apollo_proj_type apollo_scale_type apollo_layerwise apollo_scale_front",
  ),
  use_badam: unsupported("BAdam"),
  ...optionsOf(
    "use_badam",
    "badam_mode badam_start_block badam_switch_mode badam_switch_interval badam_update_ratio badam_mask_mode badam_verbose",
  ),
  use_llama_pro: unsupported("LLaMA Pro's expansion of blocks"),
  use_adam_mini: unsupported("Adam-mini"),
  use_muon: unsupported("Muon"),
  ...each("use_mca use_hyper_parallel hyper_parallel_args", machines),
  use_dft_loss: unsupported("The DFT loss"),
  use_asft_loss: unsupported("The ASFT loss"),
  ...optionsOf("use_asft_loss", "asft_alpha"),
  use_eaft_loss: unsupported("The EAFT loss"),
  ...optionsOf("use_eaft_loss", "eaft_alpha"),
  pure_bf16: (value) =>
    isTrue(value)
      ? set({ bf16: true }, "trained weights and their gradients are kept in float32")
      : nothing,
  fp8: unsupported("FP8 training"),
  ...each(
    "fp8_backend fp8_enable_fsdp_float8_all_gather",
    inert("it belongs to fp8", false, "auto"),
  ),
  disable_shuffling: unsupported("Training in the order of the files"),
  early_stopping_steps: renamed("early_stopping_patience"),
  // Output
  ...each("plot_loss include_effective_tokens_per_second", display),
  compute_accuracy: inert("evaluation measures the loss only", false),
  ...llamaFactoryTracking,
  ...each(
    "ray_num_workers ray_init_kwargs master_addr master_port ray_run_name ray_storage_path resources_per_worker placement_strategy",
    machines,
  ),
  ...each(
    "enable_torch_profiler profiler_output_dir profiler_wait_steps profiler_warmup_steps profiler_active_steps profiler_repeat profiler_record_shapes profiler_profile_memory profiler_with_stack profile_modules",
    inert("it measures Python processes", false),
  ),
  // Generation
  predict_with_generate: inert("evaluation measures the loss only", false),
  ...each(
    "do_sample temperature top_p top_k num_beams max_length max_new_tokens repetition_penalty length_penalty skip_special_tokens generation_max_length generation_num_beams generation_config sortish_sampler",
    generation,
  ),
};

export const llamaFactory: Dialect = {
  name: "llama-factory",
  title: "LLaMA-Factory",
  signs: [
    "stage",
    "finetuning_type",
    "dataset",
    "dataset_dir",
    "eval_dataset",
    "template",
    "cutoff_len",
    "quantization_bit",
    "neat_packing",
    "mask_history",
    "preprocessing_num_workers",
    "overwrite_cache",
    "plot_loss",
    "flash_attn",
    "pissa_init",
    "additional_target",
  ],
  rules,
  defaults(keys): Default[] {
    const isLora = (keys.get("finetuning_type") ?? "lora") === "lora";
    const rank = toNumber(keys.get("lora_rank")) ?? 8;
    const mode: Default[] = isLora ? [{ keys: { train_mode: modeOf(keys) } }] : [];
    const adapter: Default[] =
      isLora && !goesOn(keys)
        ? [
            { keys: { lora_rank: 8 } },
            { keys: { lora_alpha: 2 * rank }, because: "twice lora_rank" },
            { keys: { lora_dropout: 0 } },
          ]
        : [];
    const reasoning: Default = {
      keys: { reasoning: isTrue(keys.get("mask_history")) ? "last" : "keep" },
      because: "which matters where a template leaves out reasoning of earlier turns",
    };
    return [
      ...mode,
      ...adapter,
      { keys: { max_seq_length: isPacked(keys) ? 2047 : 2048 } },
      ...(isPacked(keys) ? [{ keys: { over_length: "drop" } }] : []),
      ...(keys.get("stage") === "pt" ? [] : [reasoning]),
      { keys: { logging_steps: 500 } },
      ...llamaFactoryProject(keys),
    ];
  },
  remarks: (keys) =>
    isPacked(keys) || keys.get("stage") === "pt"
      ? []
      : [
          "A conversation longer than cutoff_len is cut on the right (over_length cut); LLaMA-Factory shortens question and answer in proportion",
        ],
};
