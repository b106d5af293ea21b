/**
 * Rules between keys: values that follow from others, options that contradict each other (errors),
 * and options that have no effect because of another one (notes).
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fireflyTemplateName } from "../../text/index.js";
import { nearestOf } from "../../util/editDistance.js";
import { ConfigError } from "../../util/errors.js";
import { adapterFields } from "./modelFields.js";
import { contradictIn, type RuleContext } from "./ruleContext.js";
import type { ParsedConfig, TrainingConfig } from "./schema.js";
import { foreignTrackers, trackerNames } from "./trackers.js";
import { checkWatching } from "./watchRules.js";

/** Fills in what follows from the parsed values. Contradictions are put among the problems. */
export function applyRules(parsed: ParsedConfig, context: RuleContext): TrainingConfig {
  const { origins } = context;
  const config = { ...parsed, ...decideMode(parsed, context) };
  if (config.data_seed === null) origins.data_seed = "derived";
  const complete = { ...config, data_seed: config.data_seed ?? config.seed };
  applyTask(complete, context);
  noteTemplate(complete, context);
  checkPrecision(complete, context);
  checkSchedule(complete, context);
  checkEvaluation(complete, context);
  checkData(complete, context);
  checkSaving(complete, context);
  checkTrackers(complete, context);
  checkWatching(complete, context);
  return complete;
}

/** Trackers that are not ours are left out with a note, which does not change what is trained. */
function checkTrackers(config: TrainingConfig, context: RuleContext): void {
  const { notes, problems, where } = context;
  const ours: readonly string[] = trackerNames;
  const supported = ["none", "all", ...ours].join(", ");
  const kept = config.report_to.filter((name) => name === "all" || ours.includes(name));
  const foreign = config.report_to.filter(
    (name) => foreignTrackers.includes(name) && !ours.includes(name),
  );
  if (foreign.length > 0)
    notes.push(
      `report_to ${foreign.join(", ")}: no effect, it is not supported; events.jsonl has every value.`,
    );
  for (const name of config.report_to) {
    if (kept.includes(name) || foreign.includes(name)) continue;
    const detail =
      name === "none"
        ? { why: "none means no tracker, and others are named beside it.", todo: "Remove one." }
        : unknownTracker(name, supported);
    const what = name === "none" ? "contradicts itself" : `${name} is unknown`;
    problems.push(new ConfigError(`report_to ${what} (${where("report_to")})`, detail));
  }
  config.report_to = kept;
}

function unknownTracker(name: string, supported: string) {
  const nearest = nearestOf(name, ["all", ...trackerNames, ...foreignTrackers]);
  return {
    why: `No experiment tracker has this name; supported: ${supported}.`,
    todo: nearest === undefined ? "Correct it, or use none." : `Did you mean ${nearest}?`,
  };
}

/** Keys that mean something only where an adapter is trained. */
const adapterKeys = (Object.keys(adapterFields) as (keyof typeof adapterFields)[]).filter(
  (key) => key !== "task_type" && key !== "train_mode" && key !== "bits",
);

type Mode = Pick<TrainingConfig, "train_mode" | "bits" | "lora_rank">;

function decideMode(config: ParsedConfig, context: RuleContext): Mode {
  const { origins, notes, asked, where } = context;
  const contradiction = contradictIn(context);
  const { train_mode: said, lora_rank, bits } = config;
  const half = config.bf16 || config.fp16;
  const startsFromAdapter =
    config.adapter_name_or_path !== null ||
    existsSync(join(config.model_name_or_path, "adapter_config.json"));
  const isAdapter = lora_rank !== null || startsFromAdapter;
  const mode = said ?? (bits === 4 ? "qlora" : isAdapter ? "lora" : "full");
  if (said === null) {
    origins.train_mode = "derived";
    const rank = lora_rank === null ? "lora_rank is not set" : "lora_rank is set";
    const reason =
      bits === 4 ? "bits is 4" : startsFromAdapter ? "training starts from an adapter" : rank;
    notes.push(`train_mode is ${mode}, because ${reason}.`);
  }
  if (mode === "qlora" && bits !== null && bits !== 4)
    contradiction(
      `train_mode qlora (${where("train_mode")}) and bits ${bits} (${where("bits")}) contradict`,
      "qlora means an adapter on top of 4-bit base weights.",
      "Use bits 4, or train_mode lora.",
    );
  if (mode !== "qlora" && bits === 4)
    contradiction(
      `train_mode ${mode} (${where("train_mode")}) and bits 4 (${where("bits")}) contradict`,
      "4-bit base weights cannot be trained; only an adapter on top of them can, which is called qlora.",
      "Use train_mode qlora, or remove bits.",
    );
  if (mode === "full") {
    for (const key of adapterKeys) {
      if (!asked(key)) continue;
      contradiction(
        `${key} (${where(key)}) would have no effect`,
        "train_mode full trains all weights and has no adapter.",
        `Remove ${key}, or use train_mode lora.`,
      );
    }
  }
  const { init_lora_weights: beginning } = config;
  if (
    config.save_plain_lora &&
    !startsFromAdapter &&
    beginning !== "pissa" &&
    beginning !== "olora"
  )
    contradiction(
      `save_plain_lora (${where("save_plain_lora")}) would have no effect`,
      "Only an adapter that begins with a part of the weights is converted.",
      "Remove it, or use init_lora_weights pissa or olora.",
    );
  if (config.loraplus_lr_ratio === null && asked("loraplus_lr_embedding"))
    contradiction(
      `loraplus_lr_embedding (${where("loraplus_lr_embedding")}) would have no effect`,
      "Without loraplus_lr_ratio there is one learning rate for all weights.",
      "Remove it, or set loraplus_lr_ratio.",
    );
  if (bits === 16 && !half)
    contradiction(
      `bits 16 (${where("bits")}) does not say which 16-bit type`,
      "Neither bf16 nor fp16 is true.",
      "Set bf16 (or fp16 on an older GPU) to true, or use bits 32.",
    );
  if (bits === 32 && half)
    contradiction(
      `bits 32 (${where("bits")}) and ${config.bf16 ? "bf16" : "fp16"} contradict`,
      "Base weights are stored in the number type of training.",
      "Use bits 16, or remove bf16 and fp16.",
    );
  if (bits === null) origins.bits = "derived";
  if (mode !== "full" && lora_rank === null) origins.lora_rank = "derived";
  return {
    train_mode: mode,
    bits: mode === "qlora" ? 4 : half ? 16 : 32,
    lora_rank: mode === "full" ? null : (lora_rank ?? 64),
  };
}

/** Says where a name means the publisher's format, and Firefly's has another. */
function noteTemplate({ template_name: name }: TrainingConfig, { notes }: RuleContext): void {
  if (name === null) return;
  const firefly = fireflyTemplateName(name);
  if (firefly === name) return;
  notes.push(
    `template_name ${name} is the format of the model's publisher; the one that Firefly calls ${name} is ${firefly}.`,
  );
}

/** Keys that say how conversations are read and rendered. */
const conversationKeys = [
  "template_name",
  "chat_template_kwargs",
  "reasoning",
  "same_role",
  "moss_tools",
  "moss_learn",
  "moss_meta_instruction",
  "sample_dialogue",
] as const;

/** What pretraining means for the other keys. */
function applyTask(config: TrainingConfig, { origins, notes, asked }: RuleContext): void {
  if (config.task_type !== "pretrain") return;
  const idle = conversationKeys.filter(asked).join(", ");
  if (idle) notes.push(`${idle}: no effect, task_type pretrain trains on plain texts.`);
  config.template_name = "plain";
  config.sample_dialogue = null;
  config.chat_template_kwargs = {};
  origins.template_name = "derived";
  if (origins.packing !== "default") return;
  config.packing = true;
  origins.packing = "derived";
}

function checkPrecision(config: TrainingConfig, context: RuleContext): void {
  const { where } = context;
  const contradiction = contradictIn(context);
  if (config.bf16 && config.fp16)
    contradiction(
      `bf16 (${where("bf16")}) and fp16 (${where("fp16")}) are both true`,
      "Only one of them can be used.",
      "Keep bf16 if the device supports it, otherwise fp16. --no-fp16 turns fp16 off.",
    );
}

const scheduleOptions: Readonly<Record<TrainingConfig["lr_scheduler_type"], readonly string[]>> = {
  linear: [],
  cosine: ["num_cycles"],
  cosine_with_restarts: ["num_cycles"],
  polynomial: ["lr_end", "power"],
  constant: [],
  constant_with_warmup: [],
  inverse_sqrt: ["timescale"],
};

function checkSchedule(config: TrainingConfig, context: RuleContext): void {
  const { asked, notes, where } = context;
  const contradiction = contradictIn(context);
  if (config.warmup_steps > 0 && config.warmup_ratio > 0)
    contradiction(
      `warmup_steps (${where("warmup_steps")}) and warmup_ratio (${where("warmup_ratio")}) are both set`,
      "Both set the length of the warmup.",
      "Keep one of them.",
    );
  const { lr_scheduler_type: type } = config;
  const warmup = (["warmup_steps", "warmup_ratio"] as const).find((key) => config[key] > 0);
  if (type === "constant" && warmup)
    notes.push(
      `${warmup}: no effect, lr_scheduler_type constant has no warmup; constant_with_warmup has.`,
    );
  const allowed = scheduleOptions[type];
  for (const option of Object.keys(config.lr_scheduler_kwargs)) {
    if (allowed.includes(option)) continue;
    contradiction(
      `lr_scheduler_kwargs.${option} (${where("lr_scheduler_kwargs")}) is not an option of ${type}`,
      allowed.length > 0 ? `${type} has ${allowed.join(" and ")}.` : `${type} has no options.`,
      "Remove it, or choose another lr_scheduler_type.",
    );
  }
  if (type === "polynomial" && config.learning_rate <= (config.lr_scheduler_kwargs.lr_end ?? 1e-7))
    contradiction(
      `lr_end must be smaller than learning_rate ${config.learning_rate}`,
      "A polynomial schedule decreases from learning_rate to lr_end.",
      "Choose a smaller lr_scheduler_kwargs.lr_end.",
    );
  if (config.max_steps > 0 && asked("num_train_epochs"))
    notes.push(`max_steps ${config.max_steps} overrides num_train_epochs.`);
  if (config.optim === "sgd") {
    const idle = (["adam_beta1", "adam_beta2", "adam_epsilon"] as const).filter(asked);
    if (idle.length > 0) notes.push(`${idle.join(", ")}: no effect, optim is sgd.`);
  }
}

function checkEvaluation(config: TrainingConfig, context: RuleContext): void {
  const { origins, notes, asked, where } = context;
  const contradiction = contradictIn(context);
  const isHeldOut = config.eval_file !== null || config.val_size > 0;
  const onlyTasks = config.eval_tasks.length > 0 && !isHeldOut;
  if (config.eval_strategy !== "no" && !config.do_eval && !onlyTasks) {
    if (origins.do_eval !== "default")
      notes.push(`eval_strategy ${config.eval_strategy} overrides do_eval false.`);
    config.do_eval = true;
    origins.do_eval = "derived";
  }
  if (config.eval_on_start && !config.do_eval && !onlyTasks) {
    config.do_eval = true;
    origins.do_eval = "derived";
  }
  if (config.val_size > 0 && config.eval_file !== null)
    contradiction(
      `val_size (${where("val_size")}) and eval_file (${where("eval_file")}) contradict`,
      "Evaluation is either on rows held out of train_file, or on files of its own.",
      "Keep one of them.",
    );
  if (config.val_size >= 1 && !Number.isInteger(config.val_size))
    contradiction(
      `val_size ${config.val_size} (${where("val_size")}) is neither a share nor a number of rows`,
      "Below 1 it is a share of the rows, from there on their number.",
      "Use a whole number, or one below 1.",
    );
  if (config.val_size > 0)
    notes.push(
      config.do_eval
        ? "val_size: the rows held out for evaluation are not trained on."
        : "val_size: the rows held out are not trained on; nothing is measured on them, since do_eval is false and eval_strategy is no.",
    );
  if (config.do_eval && !isHeldOut) {
    const cause = (["eval_strategy", "eval_on_start", "do_eval"] as const).find(asked) ?? "do_eval";
    contradiction(
      `${cause} (${where(cause)}) requires eval_file`,
      "The evaluation loss is measured on eval_file or on rows held out by val_size; neither is set.",
      "Set eval_file or val_size, or use eval_strategy no and do_eval false.",
    );
  }
  if (config.eval_steps === null) {
    config.eval_steps = config.logging_steps;
    origins.eval_steps = "derived";
  } else if (config.eval_strategy !== "steps")
    notes.push(`eval_steps: no effect, eval_strategy is ${config.eval_strategy}.`);
  if (!config.do_eval && config.eval_file !== null)
    notes.push("eval_file: no effect, do_eval is false and eval_strategy is no.");
  if (!config.do_eval && asked("per_device_eval_batch_size"))
    notes.push("per_device_eval_batch_size: no effect without evaluation.");
  const isSampled = config.sample_prompts.length > 0 || config.sample_dialogue !== null;
  if (!isSampled && asked("sample_max_new_tokens"))
    notes.push("sample_max_new_tokens: no effect without sample_prompts or sample_dialogue.");
  checkTasks(config, context);
}

/** Keys that say how `eval_tasks` are asked. */
const taskKeys = ["eval_data_dir", "eval_limit", "eval_num_fewshot", "eval_protocol"] as const;

function checkTasks(config: TrainingConfig, context: RuleContext): void {
  const { notes, asked, where } = context;
  const contradiction = contradictIn(context);
  if (config.eval_tasks.length === 0) {
    const idle = taskKeys.filter(asked).join(", ");
    if (idle) notes.push(`${idle}: no effect without eval_tasks.`);
    return;
  }
  if (config.eval_data_dir === null)
    contradiction(
      `eval_tasks (${where("eval_tasks")}) requires eval_data_dir`,
      "The questions are in the benchmarks' files.",
      "Set eval_data_dir to the directory that holds them.",
    );
  if (config.eval_limit !== null && config.eval_limit >= 1 && !Number.isInteger(config.eval_limit))
    contradiction(
      `eval_limit ${config.eval_limit} (${where("eval_limit")}) is neither a share nor a number of questions`,
      "Below 1 it is a share of the questions, from there on their number.",
      "Use a whole number, or one below 1.",
    );
}

function checkData(config: TrainingConfig, context: RuleContext): void {
  const { asked, notes, where } = context;
  const contradiction = contradictIn(context);
  if (config.train_on_prompt && config.mask_history)
    contradiction(
      `train_on_prompt (${where("train_on_prompt")}) and mask_history (${where("mask_history")}) contradict`,
      "One trains on every token, the other on the last turn of the assistant only.",
      "Keep one of them.",
    );
  if (config.train_on_prompt && ["cut_turn", "split"].includes(config.over_length))
    contradiction(
      `train_on_prompt (${where("train_on_prompt")}) and over_length ${config.over_length} (${where("over_length")}) contradict`,
      "Where every token is trained on, turns are not told apart.",
      "Use over_length cut or drop.",
    );
  if (!config.streaming) {
    if (asked("shuffle_buffer_size"))
      notes.push("shuffle_buffer_size: no effect without streaming.");
    return;
  }
  if (config.max_steps <= 0)
    contradiction(
      `streaming (${where("streaming")}) requires max_steps`,
      "The number of rows in an epoch is unknown for a stream.",
      "Set max_steps; or, if train_file is a regular file, remove streaming.",
    );
  if (config.val_size > 0)
    contradiction(
      `streaming (${where("streaming")}) and val_size (${where("val_size")}) contradict`,
      "Rows are held out by their number, and a stream is read once.",
      "Give eval_file instead of val_size, or remove streaming.",
    );
  const shares = config.train_file.find((source) => typeof source !== "string");
  if (shares)
    contradiction(
      `streaming (${where("streaming")}) and a source with options (${where("train_file")}) contradict`,
      "weight, repeat, limit and sample require the number of rows, which is unknown for a stream.",
      "Give plain paths or URLs, or remove streaming.",
    );
  if (config.dataloader_num_workers !== null)
    notes.push("dataloader_num_workers: no effect, a stream is read by a single thread.");
}

function checkSaving(config: TrainingConfig, context: RuleContext): void {
  const { asked, notes, where } = context;
  const contradiction = contradictIn(context);
  if (config.save_strategy === "no" && asked("save_steps"))
    notes.push("save_steps: no effect, save_strategy is no, so no checkpoints are saved.");
  if (config.save_strategy === "no" && config.save_total_limit !== null)
    notes.push("save_total_limit: no effect, save_strategy is no.");
  if (["epoch", "best"].includes(config.save_strategy) && asked("save_steps"))
    notes.push(`save_steps: no effect, save_strategy is ${config.save_strategy}.`);
  if (config.logging_strategy !== "steps" && asked("logging_steps"))
    notes.push(`logging_steps: no effect, logging_strategy is ${config.logging_strategy}.`);
  if (config.save_only_model && config.save_strategy !== "no")
    notes.push("save_only_model: training cannot resume from the checkpoints of this run.");
  if (config.overwrite_output_dir && config.resume_from_checkpoint === true)
    contradiction(
      `resume_from_checkpoint (${where("resume_from_checkpoint")}) and overwrite_output_dir ` +
        `(${where("overwrite_output_dir")}) contradict`,
      "One continues the run in output_dir, the other moves it aside and starts over.",
      "Keep one of them.",
    );
}
