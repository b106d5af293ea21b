/** Configuration fields about the run directory: logging, evaluation, saving, resuming. */
import { z } from "zod";
import {
  boolean,
  choice,
  integer,
  path,
  steps,
  text,
  texts,
  textToBoolean,
  words,
} from "./values.js";

export const loggingFields = {
  logging_strategy: choice(["no", "steps", "epoch"])
    .default("steps")
    .describe("When a step event is written."),
  logging_steps: steps()
    .default(10)
    .describe("Steps between two step events; below 1, a share of all steps."),
  logging_first_step: boolean().default(false).describe("Also write the event of step 1."),
  disable_tqdm: boolean().default(false).describe("No progress on stderr."),
  report_to: words()
    .default([])
    .describe("Trackers. none is what exists; events.jsonl is always written."),
  run_name: text().nullable().default(null).describe("Name of the run, kept in its first event."),
};

export const evaluationFields = {
  do_eval: boolean()
    .default(false)
    .describe("Evaluate on eval_file; with eval_strategy no, once at the end."),
  eval_strategy: choice(["no", "steps", "epoch"])
    .default("no")
    .describe("When the loss on eval_file is measured."),
  eval_steps: steps()
    .nullable()
    .default(null)
    .describe(
      "Steps between two evaluations; below 1, a share of all steps; logging_steps where not given.",
    ),
  eval_on_start: boolean().default(false).describe("Also evaluate before the first step."),
  sample_prompts: texts()
    .default([])
    .describe(
      "Questions whose greedy answers are kept as sample events: before the first step, with each " +
        "evaluation and checkpoint, and after the last step. One text or a list.",
    ),
  sample_max_new_tokens: integer(1).default(64).describe("Most tokens of such an answer."),
};

export const runFields = {
  output_dir: path().describe("The run's directory: configuration, events, checkpoints, result."),
  overwrite_output_dir: boolean()
    .default(false)
    .describe("Start anew in an output_dir that holds a run; the old run is moved aside."),
  resume_from_checkpoint: z
    .preprocess((value) => textToBoolean(value), z.union([z.boolean(), z.string().min(1)]))
    .default(false)
    .describe("Go on from a checkpoint: true for the newest good one in output_dir, or its path."),
  save_strategy: choice(["no", "steps", "epoch"])
    .default("steps")
    .describe("When a checkpoint is written."),
  save_steps: steps()
    .default(500)
    .describe("Steps between two checkpoints; below 1, a share of all steps."),
  save_total_limit: integer(1)
    .nullable()
    .default(null)
    .describe("Checkpoints to keep; an older one goes when a newer one is complete."),
  save_only_model: boolean()
    .default(false)
    .describe("Checkpoints without optimizer state: smaller, but they cannot be resumed."),
};
