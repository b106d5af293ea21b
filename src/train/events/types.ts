/**
 * The events of a run. Each is one line of JSON in `output_dir/events.jsonl`; terminal progress,
 * dashboards and trackers are readers of the same events and know nothing of the trainer.
 */
import type { FinishReason } from "../../generate/index.js";
import type { MemoryKills } from "../../util/memoryKills.js";
import type { RowLoss } from "../stepRows.js";

/** The run begins, or goes on: the first event of each attempt. */
export interface StartEvent {
  type: "start";
  /** Optimizer steps that lie behind: 0, or the step of the checkpoint. */
  step: number;
  total_steps: number;
  run_name: string | null;
  model: string;
  /** Absent in events of older versions, which knew `sft` only. */
  task_type?: "sft" | "pretrain";
  train_mode: "full" | "lora" | "qlora";
  device: string;
  /** Number type of weights and activations. */
  compute_dtype: string;
  /** Number type of matrix products, and why; absent in events of older versions. */
  product_dtype?: string;
  product_reason?: string;
  /** Conversations or texts in one epoch; `null` where a stream does not tell. */
  samples: number | null;
  parameters: number;
  trainable_parameters: number;
  /** The tightest limit on the memory of the process, and who sets it; absent in older events. */
  memory?: {
    limit_bytes: number;
    source: string;
    /** How often the kernel had killed for want of memory; absent where it does not tell. */
    kills?: MemoryKills;
  };
}

/** Optimizer steps were done. Counts are those since the previous step event. */
export interface StepEvent {
  type: "step";
  /** Optimizer steps done. */
  step: number;
  epoch: number;
  /** Mean loss of a labelled token since the previous step event, natural logarithm. */
  loss: number;
  /** The rate that the last of these steps used. */
  learning_rate: number;
  /** Norm of all gradients before clipping, of the last step. */
  grad_norm: number;
  tokens: number;
  labelled_tokens: number;
  tokens_per_second: number;
  /** transformers' `total_flos`, of all attempts so far; absent in events of older versions. */
  total_flos?: number;
  /** Seconds that steps waited for their rows; absent in events of older versions. */
  data_wait_seconds?: number;
  /** Mean loss of a labelled token of each source; absent where there is only one. */
  source_losses?: Record<string, number>;
  /** Steps among them that changed nothing, because they were not finite; absent where there is none. */
  skipped_steps?: number;
  /** Micro-batches among them that were taken apart, because memory ran out; absent where there is none. */
  split_batches?: number;
  /** Resident memory of the process, bytes. */
  rss_bytes: number;
  /** The most so far in this attempt; absent in events of older versions. */
  peak_rss_bytes?: number;
  /** Memory on the device, bytes; absent on a CPU. */
  device_bytes?: number;
}

/** The loss on held-out conversations. */
export interface EvaluationEvent {
  type: "evaluation";
  step: number;
  /** Absent in events of older versions. */
  epoch?: number;
  /** Mean loss of a labelled token. */
  eval_loss: number;
  samples: number;
  labelled_tokens: number;
  seconds: number;
}

/** A checkpoint is complete on disk. */
export interface CheckpointEvent {
  type: "checkpoint";
  step: number;
  /** Absent in events of older versions. */
  epoch?: number;
  path: string;
  bytes: number;
  seconds: number;
  /** Older checkpoints that went. */
  removed: string[];
  /** Present where its held-out loss is the best of all checkpoints so far. */
  best?: true;
}

/** The loss or the gradient norm of a step was far above the usual. */
export interface SpikeEvent {
  type: "spike";
  step: number;
  metric: "loss" | "grad_norm";
  value: number;
  /** The median of the steps before. */
  expected: number;
  /** The rows of the step, with their losses before it; the highest first. */
  rows: RowLoss[];
}

/** The loss or the gradients of a step were not finite, so that it changed nothing. */
export interface NonFiniteEvent {
  type: "non_finite";
  step: number;
  loss: number;
  grad_norm: number;
  /** Where in the model the first such value came up. */
  layer: string;
  /** Weights that are not finite themselves; absent where there is none. */
  weights?: string[];
  /** The rows that it comes up with. */
  rows: RowLoss[];
  action: "stop" | "skip" | "rollback";
}

/** What the model answers at this point. */
export interface SampleEvent {
  type: "sample";
  step: number;
  prompt: string;
  /** The answer, without its end token. */
  text: string;
  /** `stop`: the model ended its answer; `length`: it was cut at sample_max_new_tokens. */
  finish_reason: FinishReason;
}

/** The fixed dialogue of `sample_dialogue`, answered at this point, and what can be counted of it. */
export interface DialogueEvent {
  type: "dialogue";
  step: number;
  /** Its turns in order; fewer than the file has where one could not be answered. */
  turns: { user: string; text: string; finish_reason: FinishReason; tokens: number }[];
  /** Share of runs of four tokens that an answer had before (Welleck et al. 2020, rep-4). */
  repetition_rate: number;
  /** Share of answers that an earlier one already gave word for word. */
  repeated_answer_rate: number;
  /** Share of answers that ended at sample_max_new_tokens. */
  cut_off_rate: number;
  /** Share of answers in another language than their question; null where none could be told. */
  wrong_language_rate: number | null;
  /** Mean tokens of an answer, its end token left out. */
  answer_tokens: number;
  seconds: number;
}

/** Scores on the benchmarks of `eval_tasks`, at this point. */
export interface BenchmarkEvent {
  type: "benchmark";
  step: number;
  epoch: number;
  protocol: "lm-eval" | "official";
  /** By task and group: metrics with their filter, such as `acc,none`, and their standard errors. */
  scores: Record<string, Record<string, number>>;
  /** Asked, of all tasks. */
  questions: number;
  seconds: number;
}

/** Something that the user should know of. */
export interface WarningEvent {
  type: "warning";
  step: number;
  message: string;
}

/** The attempt goes on from a checkpoint. */
export interface ResumeEvent {
  type: "resume";
  step: number;
  checkpoint: string;
  /** Rows of earlier attempts that lay after this step and were moved to a side file. */
  rows_cut: number;
  /** Present where the run went back by itself (on_non_finite rollback): the rows left out for good. */
  left_out?: { file: string; line: number; step: number }[];
}

/** Figures of a run, also the object that `train --json` prints. */
export interface TrainSummary {
  run_dir: string;
  steps: number;
  epoch: number;
  train_loss: number;
  /** Seconds, of all attempts. */
  train_runtime: number;
  train_samples_per_second: number;
  train_steps_per_second: number;
  tokens: number;
  labelled_tokens: number;
  /** Rows left out, of all attempts, as `skipped_rows.jsonl` lists them. */
  rows_skipped: number;
  /** Steps that changed nothing, because they were not finite. */
  steps_skipped: number;
  /** The step whose weights are the result, with load_best_model_at_end; absent otherwise. */
  best_step?: number;
  /** Its held-out loss. */
  best_eval_loss?: number;
  /** Present where training ended early, because evaluations gained nothing any more. */
  stopped_early?: true;
  tokens_per_second: number;
  total_flos: number;
  /** Share of the device's measured peak; `null` where the peak was not measured. */
  mfu: number | null;
  peak_rss_bytes: number;
  /** `null` on a CPU. */
  peak_device_bytes: number | null;
}

/** The attempt ended: all steps done, stopped by a signal after saving, or failed. */
export interface EndEvent extends TrainSummary {
  type: "end";
  step: number;
  reason: "done" | "stopped" | "failed";
}

export type TrainingEvent =
  | StartEvent
  | StepEvent
  | EvaluationEvent
  | CheckpointEvent
  | SpikeEvent
  | NonFiniteEvent
  | SampleEvent
  | DialogueEvent
  | BenchmarkEvent
  | WarningEvent
  | ResumeEvent
  | EndEvent;

/** An event as it is stored: with its time and the attempt that it belongs to. */
export type EventRow<Event extends TrainingEvent = TrainingEvent> = Event & {
  /** Seconds since 1970. */
  time: number;
  /** 1 for the first process that worked on this run, then 2, … */
  attempt: number;
};

/**
 * Between events: how far the run is right now. It is for displays and is never stored.
 */
export interface Tick {
  type: "tick";
  step: number;
  total_steps: number;
  /** Smoothing is the display's business. */
  loss?: number;
  learning_rate?: number;
  tokens_per_second?: number;
  rss_bytes?: number;
  device_bytes?: number;
}
