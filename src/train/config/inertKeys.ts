/**
 * Keys that are accepted with any value because they cannot change the result of a run here: what
 * they tune is done another way. A value that asks for something gets a one-line note.
 */

/** A key without effect. */
export interface InertKey {
  /** Values that ask for nothing and get no note; `null` never does. */
  readonly quiet: readonly unknown[];
  /** Why it has no effect, one line. */
  readonly reason: string;
}

const quiet = (reason: string, ...values: unknown[]): InertKey => ({ quiet: values, reason });

const loader = "rows are tokenised by threads; dataloader_num_workers says how many.";
const ddp = "this version trains in one process.";
const metrics = "an evaluation measures the loss only.";
const logging = "every loss goes to events.jsonl; what is said on the terminal is fixed.";

export const inertKeys: Readonly<Record<string, InertKey>> = {
  remove_unused_columns: quiet(
    "rows are read as conversations; other fields are left alone.",
    false,
    true,
  ),
  dataloader_pin_memory: quiet(loader, true, false),
  dataloader_persistent_workers: quiet(loader, false),
  dataloader_multiprocessing_context: quiet(loader, ""),
  dataloader_in_order: quiet(loader, true),
  tokenize_num_workers: quiet(loader),
  preprocessing_num_workers: quiet(loader),
  dataset_num_proc: quiet(loader),
  length_column_name: quiet("batches are packed; lengths are not looked up.", "length"),
  padding_free: quiet("batches are always packed without padding.", true, false),
  pad_to_multiple_of: quiet("batches are always packed without padding.", "auto", 0),
  use_liger_kernel: quiet("its chunked loss is built in.", false),
  liger_kernel_config: quiet("its chunked loss is built in.", ""),
  gradient_checkpointing_kwargs: quiet("blocks are recomputed in one way only.", ""),
  activation_checkpointing_kwargs: quiet("blocks are recomputed in one way only.", ""),
  half_precision_backend: quiet("there is one way to compute in 16 bits.", "auto"),
  fp16_backend: quiet("there is one way to compute in 16 bits.", "auto"),
  fp16_opt_level: quiet("there is one way to compute in 16 bits.", "O1"),
  do_train: quiet("the train command trains.", true, false),
  ddp_find_unused_parameters: quiet(ddp, "", false),
  ddp_bucket_cap_mb: quiet(ddp),
  ddp_broadcast_buffers: quiet(ddp, false),
  ddp_static_graph: quiet(ddp, false),
  ddp_backend: quiet(ddp, ""),
  ddp_timeout: quiet(ddp, 1800),
  local_rank: quiet(ddp, -1, 0),
  log_on_each_node: quiet(ddp, true),
  save_on_each_node: quiet(ddp, false),
  prediction_loss_only: quiet(metrics, false, true),
  eval_do_concat_batches: quiet(metrics, true),
  eval_use_gather_object: quiet(metrics, false),
  eval_accumulation_steps: quiet(metrics),
  batch_eval_metrics: quiet(metrics, false),
  include_for_metrics: quiet(metrics, ""),
  include_inputs_for_metrics: quiet(metrics, false),
  logging_dir: quiet("it belongs to TensorBoard; events.jsonl lies in output_dir.", ""),
  logging_nan_inf_filter: quiet(logging, true, false),
  log_level: quiet(logging, "passive"),
  log_level_replica: quiet(logging, "warning", "passive"),
  include_num_input_tokens_seen: quiet("each step event carries its tokens.", false, "no"),
  include_tokens_per_second: quiet("each step event carries its tokens and time.", false),
  skip_memory_metrics: quiet("peak memory is always measured.", true, false),
  enable_jit_checkpoint: quiet("SIGTERM and SIGINT always save a checkpoint.", false, true),
  hub_strategy: quiet("nothing is uploaded.", "every_save"),
  project: quiet("it belongs to trackers, and none is on.", "huggingface"),
  trackio_space_id: quiet("it belongs to trackers, and none is on.", "", "trackio"),
  trackio_bucket_id: quiet("it belongs to trackers, and none is on.", ""),
  trackio_static_space_id: quiet("it belongs to trackers, and none is on.", "", false),
};
