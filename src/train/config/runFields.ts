/** Configuration keys for the optimizer, the learning rate, logging, evaluation and checkpoints. */
import { z } from "zod";
import { trackers } from "./trackers.js";
import {
  boolean,
  choice,
  integer,
  number,
  numberRecord,
  path,
  steps,
  text,
  texts,
  textToBoolean,
  textToNumber,
  words,
} from "./values.js";

/** Names of the schedules, as in transformers' `SchedulerType`. */
export const schedulerTypes = [
  "linear",
  "cosine",
  "cosine_with_restarts",
  "polynomial",
  "constant",
  "constant_with_warmup",
  "inverse_sqrt",
] as const;

/** Names of the optimizers, as in transformers' `OptimizerNames`. */
export const optimizerNames = [
  "adamw_torch",
  "adamw_torch_fused",
  "paged_adamw_32bit",
  "paged_adamw_8bit",
  "adamw_bnb_8bit",
  "adamw_8bit",
  "sgd",
] as const;

export const optimizationFields = {
  num_train_epochs: number(z.number().gt(0))
    .default(3)
    .describe("Number of passes over the training data; may be a fraction."),
  max_steps: z
    .preprocess(textToNumber, z.union([z.literal(-1), z.number().int().min(1)]))
    .default(-1)
    .describe("Number of optimizer steps; overrides num_train_epochs. -1 means not set."),
  gradient_accumulation_steps: integer(1)
    .default(1)
    .describe("Micro-batches whose gradients are accumulated for one optimizer step."),
  learning_rate: number(z.number().gt(0)).default(5e-5).describe("Peak learning rate."),
  lr_scheduler_type: choice(schedulerTypes)
    .default("linear")
    .describe("Schedule of the learning rate over the run."),
  lr_scheduler_kwargs: numberRecord()
    .default({})
    .describe(
      "Options of the schedule: num_cycles (cosine, cosine_with_restarts), power and lr_end " +
        "(polynomial), timescale (inverse_sqrt).",
    ),
  warmup_steps: z
    .preprocess(textToNumber, z.union([z.number().min(0).lt(1), z.number().int().min(1)]))
    .default(0)
    .describe(
      "Steps during which the learning rate rises from 0; below 1, a fraction of all steps.",
    ),
  warmup_ratio: number(z.number().min(0).max(1))
    .default(0)
    .describe(
      "Fraction of all steps during which the learning rate rises from 0. Cannot be combined with " +
        "warmup_steps.",
    ),
  optim: choice(optimizerNames)
    .default("adamw_torch")
    .describe(
      "Optimizer. The 8-bit ones keep two bytes of state per weight. The paged ones differ on a GPU " +
        "only; on a CPU they run unpaged, with the same result.",
    ),
  weight_decay: number(z.number().min(0))
    .default(0)
    .describe("Decoupled weight decay; not applied to biases and norm weights."),
  adam_beta1: number(z.number().min(0).lt(1)).default(0.9).describe("AdamW's beta1."),
  adam_beta2: number(z.number().min(0).lt(1)).default(0.999).describe("AdamW's beta2."),
  adam_epsilon: number(z.number().min(0)).default(1e-8).describe("AdamW's epsilon."),
  max_grad_norm: number(z.number().min(0))
    .default(1)
    .describe("Gradients are clipped to this norm; 0 turns clipping off."),
};

export const loggingFields = {
  logging_strategy: choice(["no", "steps", "epoch"])
    .default("steps")
    .describe("When to log a step event."),
  logging_steps: steps()
    .default(10)
    .describe("Steps between two step events; below 1, a fraction of all steps."),
  logging_first_step: boolean().default(false).describe("Also log step 1."),
  disable_tqdm: boolean().default(false).describe("Do not show progress on stderr."),
  report_to: trackers()
    .default([])
    .describe(
      "Experiment trackers, a name or a list; all takes each one that works on this machine. " +
        "events.jsonl is always written.",
    ),
  run_name: text()
    .nullable()
    .default(null)
    .describe("Name of the run, recorded in its first event and shown by trackers."),
  project: text()
    .nullable()
    .default(null)
    .describe(
      "Project or experiment under which trackers file the run. If not set: that of the " +
        "environment (WANDB_PROJECT, …), else huggingface.",
    ),
  run_tags: words().default([]).describe("Tags of the run, for trackers."),
  run_notes: text().nullable().default(null).describe("Description of the run, for trackers."),
  run_group: text().nullable().default(null).describe("Group of runs, for trackers."),
  wandb_entity: text()
    .nullable()
    .default(null)
    .describe("User or team of W&B. If not set: WANDB_ENTITY, else the owner of the key."),
  wandb_mode: z
    .enum(["online", "offline", "disabled"])
    .nullable()
    .default(null)
    .describe(
      "Whether W&B's run is uploaded while it goes on. If not set: WANDB_MODE, else online where " +
        "there is a key. Its file is always written, unless disabled.",
    ),
  mlflow_tracking_uri: text()
    .nullable()
    .default(null)
    .describe(
      "Address of the MLflow server, http:// or https://. If not set: MLFLOW_TRACKING_URI.",
    ),
  swanlab_workspace: text()
    .nullable()
    .default(null)
    .describe(
      "User or organization of SwanLab. If not set: SWANLAB_WORKSPACE, else the owner of the key.",
    ),
  logging_dir: path()
    .nullable()
    .default(null)
    .describe(
      "Where TensorBoard's event files go. If not set: TENSORBOARD_LOGGING_DIR, else runs in output_dir.",
    ),
};

export const evaluationFields = {
  do_eval: boolean()
    .default(false)
    .describe("Evaluate on eval_file; with eval_strategy no, once after the last step."),
  eval_strategy: choice(["no", "steps", "epoch"])
    .default("no")
    .describe("When to measure the loss on eval_file, and to score eval_tasks."),
  eval_steps: steps()
    .nullable()
    .default(null)
    .describe(
      "Steps between two evaluations; below 1, a fraction of all steps. If not set: logging_steps.",
    ),
  eval_on_start: boolean().default(false).describe("Also evaluate before the first step."),
  sample_prompts: texts()
    .default([])
    .describe(
      "Questions that the model answers (greedily) before the first step, at every evaluation and " +
        "checkpoint, and after the last step; the answers are logged as sample events. One text or " +
        "a list.",
    ),
  sample_dialogue: path()
    .nullable()
    .default(null)
    .describe(
      "File of user turns, as for `chat --script`, that the model answers as one conversation whenever " +
        "sample_prompts are answered. Repetition, answers cut off, language and length are logged.",
    ),
  sample_max_new_tokens: integer(1)
    .default(64)
    .describe("Maximum number of tokens of a sample answer."),
  eval_tasks: words()
    .default([])
    .describe(
      "Tasks and groups, named as for `eval --tasks`, that the model is scored on at every evaluation " +
        "and after the last step; the scores are logged as benchmark events. A list, or names separated " +
        "by commas.",
    ),
  eval_data_dir: path()
    .nullable()
    .default(null)
    .describe("Directory of the benchmarks' files for eval_tasks, as for `eval --data`."),
  eval_limit: number(z.number().gt(0))
    .nullable()
    .default(null)
    .describe(
      "Score only the first questions of each task: a number, or below 1 a share. If not set: all.",
    ),
  eval_num_fewshot: integer(0)
    .nullable()
    .default(null)
    .describe("Examples in each prompt of eval_tasks. If not set: each task's own number."),
  eval_protocol: choice(["lm-eval", "official"])
    .default("lm-eval")
    .describe(
      "Whose rules eval_tasks follow: those of lm-evaluation-harness, or of each benchmark's publishers.",
    ),
};

export const runFields = {
  output_dir: path().describe(
    "Directory of the run: its configuration, events, checkpoints and result.",
  ),
  overwrite_output_dir: boolean()
    .default(false)
    .describe(
      "If output_dir already holds a run, move that run aside and start over instead of stopping.",
    ),
  resume_from_checkpoint: z
    .preprocess((value) => textToBoolean(value), z.union([z.boolean(), z.string().min(1)]))
    .default(false)
    .describe(
      "Resume training: true takes the newest intact checkpoint in output_dir; or give the path of " +
        "a checkpoint.",
    ),
  resume_changes: choice(["none", "settings", "all"])
    .default("settings")
    .describe(
      "What may differ from the checkpoint that training resumes from: none refuses whatever changes " +
        "the losses; settings allows the learning rate and other settings of the optimizer, and says " +
        "what changes; all also allows changed data, and a changed model or tokenizer " +
        "(docs/resuming.md).",
    ),
  save_strategy: choice(["no", "steps", "epoch", "best"])
    .default("steps")
    .describe("When to save a checkpoint; best: after each evaluation that is the best so far."),
  save_steps: steps()
    .default(500)
    .describe("Steps between two checkpoints; below 1, a fraction of all steps."),
  save_total_limit: integer(1)
    .nullable()
    .default(null)
    .describe(
      "Maximum number of checkpoints to keep; the oldest is deleted once a new one is complete.",
    ),
  on_disk_full: choice(["stop", "wait"])
    .default("stop")
    .describe(
      "If the disk has no room for a checkpoint or the result: stop with exit code 1, or wait until " +
        "there is room.",
    ),
  save_only_model: boolean()
    .default(false)
    .describe(
      "Save checkpoints without optimizer state: smaller, but training cannot resume from them.",
    ),
};
