/**
 * What keys mean together: values that follow from others, options that contradict each other
 * (errors) and options that another one makes idle (notes).
 */
import { ConfigError } from "../../util/errors.js";
import type { ConfigKey, Origin, ParsedConfig, TrainingConfig } from "./schema.js";

/** What a rule may look at beside the values. */
export interface RuleContext {
  readonly origins: Record<ConfigKey, Origin>;
  readonly notes: string[];
  /** Whether file or flags ask for something other than the default of `key`. */
  asked(key: ConfigKey): boolean;
  /** Where `key` was given, such as `train.json:4` or `--bits`. */
  where(key: ConfigKey): string;
}

/** Decides what follows from the parsed values. @throws {ConfigError} on a contradiction. */
export function applyRules(parsed: ParsedConfig, context: RuleContext): TrainingConfig {
  const { origins } = context;
  const config = { ...parsed, ...decideMode(parsed, context) };
  if (config.data_seed === null) origins.data_seed = "derived";
  const complete = { ...config, data_seed: config.data_seed ?? config.seed };
  checkPrecision(complete, context);
  checkSchedule(complete, context);
  checkEvaluation(complete, context);
  checkData(complete, context);
  checkSaving(complete, context);
  complete.report_to = complete.report_to.filter((name) => name !== "none");
  const tracker = complete.report_to[0];
  if (tracker !== undefined) {
    throw new ConfigError(`report_to ${tracker} is unknown (${context.where("report_to")})`, {
      why: "A run writes events.jsonl; no tracker exists yet.",
      todo: "Use report_to none.",
    });
  }
  return complete;
}

function contradiction(what: string, why: string, todo: string): never {
  throw new ConfigError(what, { why, todo });
}

type Mode = Pick<TrainingConfig, "train_mode" | "bits" | "lora_rank">;

function decideMode(config: ParsedConfig, { origins, notes, asked, where }: RuleContext): Mode {
  const { train_mode: said, lora_rank, bits } = config;
  const half = config.bf16 || config.fp16;
  const mode = said ?? (bits === 4 ? "qlora" : lora_rank !== null ? "lora" : "full");
  if (said === null) {
    origins.train_mode = "derived";
    const reason =
      bits === 4 ? "bits is 4" : lora_rank !== null ? "lora_rank is set" : "there is no lora_rank";
    notes.push(`train_mode is ${mode}, because ${reason}.`);
  }
  if (mode === "qlora" && bits !== null && bits !== 4)
    contradiction(
      `train_mode qlora (${where("train_mode")}) and bits ${bits} (${where("bits")}) contradict`,
      "qlora means an adapter over 4-bit base weights.",
      "Use bits 4, or train_mode lora.",
    );
  if (mode !== "qlora" && bits === 4)
    contradiction(
      `train_mode ${mode} (${where("train_mode")}) and bits 4 (${where("bits")}) contradict`,
      "4-bit base weights cannot be trained themselves, and an adapter over them is called qlora.",
      "Use train_mode qlora, or remove bits.",
    );
  if (mode === "full") {
    for (const key of ["lora_rank", "lora_alpha", "lora_dropout", "lora_target"] as const) {
      if (!asked(key)) continue;
      contradiction(
        `${key} (${where(key)}) has nothing to act on`,
        "train_mode full trains every weight, without an adapter.",
        `Remove ${key}, or use train_mode lora.`,
      );
    }
  }
  if (bits === 16 && !half)
    contradiction(
      `bits 16 (${where("bits")}) does not say which 16-bit type`,
      "Neither bf16 nor fp16 is true.",
      "Set bf16 true (or fp16 true on an older GPU), or use bits 32.",
    );
  if (bits === 32 && half)
    contradiction(
      `bits 32 (${where("bits")}) and ${config.bf16 ? "bf16" : "fp16"} contradict`,
      "Base weights are kept in the type that training computes in.",
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

function checkPrecision(config: TrainingConfig, { where }: RuleContext): void {
  if (config.bf16 && config.fp16)
    contradiction(
      `bf16 (${where("bf16")}) and fp16 (${where("fp16")}) are both true`,
      "A run computes in one of them.",
      "Keep bf16 where the device has it, else fp16; --no-fp16 switches one off.",
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

function checkSchedule(config: TrainingConfig, { asked, notes, where }: RuleContext): void {
  if (config.warmup_steps > 0 && config.warmup_ratio > 0)
    contradiction(
      `warmup_steps (${where("warmup_steps")}) and warmup_ratio (${where("warmup_ratio")}) are both set`,
      "They name the same thing in two ways.",
      "Keep one of them.",
    );
  const { lr_scheduler_type: type } = config;
  const warmup = (["warmup_steps", "warmup_ratio"] as const).find((key) => config[key] > 0);
  if (type === "constant" && warmup)
    contradiction(
      `${warmup} (${where(warmup)}) would have no effect`,
      "lr_scheduler_type constant has no warm-up.",
      "Use lr_scheduler_type constant_with_warmup, or remove the warm-up.",
    );
  const allowed = scheduleOptions[type];
  for (const option of Object.keys(config.lr_scheduler_kwargs)) {
    if (allowed.includes(option)) continue;
    contradiction(
      `lr_scheduler_kwargs.${option} (${where("lr_scheduler_kwargs")}) is not an option of ${type}`,
      allowed.length > 0 ? `${type} takes ${allowed.join(" and ")}.` : `${type} takes none.`,
      "Remove it or choose another lr_scheduler_type.",
    );
  }
  if (type === "polynomial" && config.learning_rate <= (config.lr_scheduler_kwargs.lr_end ?? 1e-7))
    contradiction(
      `lr_end must be smaller than learning_rate ${config.learning_rate}`,
      "A polynomial schedule falls from learning_rate to lr_end.",
      "Give a smaller lr_scheduler_kwargs.lr_end.",
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
  if (config.eval_strategy !== "no" && !config.do_eval) {
    if (origins.do_eval !== "default")
      notes.push(`do_eval false is overruled by eval_strategy ${config.eval_strategy}.`);
    config.do_eval = true;
    origins.do_eval = "derived";
  }
  if (config.eval_on_start && !config.do_eval) {
    config.do_eval = true;
    origins.do_eval = "derived";
  }
  if (config.do_eval && config.eval_file === null) {
    const cause = (["eval_strategy", "eval_on_start", "do_eval"] as const).find(asked) ?? "do_eval";
    contradiction(
      `${cause} (${where(cause)}) asks for an evaluation, but there is no eval_file`,
      "The held-out loss is measured on eval_file.",
      "Give --eval_file FILE, or use eval_strategy no and do_eval false.",
    );
  }
  if (config.eval_steps === null) {
    config.eval_steps = config.logging_steps;
    origins.eval_steps = "derived";
  } else if (config.eval_strategy !== "steps")
    notes.push(`eval_steps: no effect, eval_strategy is ${config.eval_strategy}.`);
  if (!config.do_eval && config.eval_file !== null)
    notes.push("eval_file is not read: do_eval is false and eval_strategy is no.");
  if (!config.do_eval && asked("per_device_eval_batch_size"))
    notes.push("per_device_eval_batch_size: no effect without an evaluation.");
  if (config.sample_prompts.length === 0 && asked("sample_max_new_tokens"))
    notes.push("sample_max_new_tokens: no effect without sample_prompts.");
}

function checkData(config: TrainingConfig, { asked, notes, where }: RuleContext): void {
  if (!config.streaming) {
    if (asked("shuffle_buffer_size"))
      notes.push("shuffle_buffer_size: no effect without streaming.");
    return;
  }
  if (config.max_steps <= 0)
    contradiction(
      `streaming (${where("streaming")}) needs max_steps`,
      "A stream does not tell how many rows an epoch has.",
      "Give max_steps, or a file that can be read at any place and streaming false.",
    );
  const shares = config.train_file.find((source) => typeof source !== "string");
  if (shares)
    contradiction(
      `streaming (${where("streaming")}) and a source with options (${where("train_file")}) contradict`,
      "Shares and limits need to know how many rows there are.",
      "Name the streams as texts, or leave streaming out.",
    );
  if (config.dataloader_num_workers !== null)
    notes.push("dataloader_num_workers: no effect, one thread reads a stream.");
}

function checkSaving(config: TrainingConfig, { asked, notes, where }: RuleContext): void {
  if (config.save_strategy === "no" && asked("save_steps"))
    contradiction(
      `save_steps (${where("save_steps")}) would have no effect`,
      "save_strategy no writes no checkpoints.",
      "Use save_strategy steps, or remove save_steps.",
    );
  if (config.save_strategy === "no" && config.save_total_limit !== null)
    notes.push("save_total_limit: no effect, save_strategy is no.");
  if (config.save_strategy === "epoch" && asked("save_steps"))
    notes.push("save_steps: no effect, save_strategy is epoch.");
  if (config.logging_strategy !== "steps" && asked("logging_steps"))
    notes.push(`logging_steps: no effect, logging_strategy is ${config.logging_strategy}.`);
  if (config.save_only_model && config.save_strategy !== "no")
    notes.push("save_only_model: the checkpoints of this run cannot be resumed.");
  if (config.overwrite_output_dir && config.resume_from_checkpoint === true)
    contradiction(
      `resume_from_checkpoint (${where("resume_from_checkpoint")}) and overwrite_output_dir ` +
        `(${where("overwrite_output_dir")}) contradict`,
      "One goes on with the run in output_dir, the other moves it aside.",
      "Keep one of them.",
    );
}
