/** Configuration keys for watching a run: the best step, early stopping, spikes, values that are no numbers. */
import { z } from "zod";
import { boolean, choice, integer, number, text, textToBoolean, textToNumber } from "./values.js";

/** What evaluation measures, by the names that transformers takes. */
export const metricNames = ["loss", "eval_loss"] as const;

export const watchFields = {
  load_best_model_at_end: boolean()
    .default(false)
    .describe(
      "The result of the run is the checkpoint with the best held-out loss instead of the last step.",
    ),
  metric_for_best_model: text()
    .nullable()
    .default(null)
    .describe(
      "What the best checkpoint is chosen by: loss or eval_loss, both the held-out loss. If set, or " +
        "where load_best_model_at_end, early_stopping_patience or save_strategy best need it, the best " +
        "checkpoint is never removed by save_total_limit.",
    ),
  greater_is_better: z
    .preprocess(textToBoolean, z.boolean())
    .nullable()
    .default(null)
    .describe("Whether a higher value of metric_for_best_model is better. If not set: false."),
  early_stopping_patience: integer(1)
    .nullable()
    .default(null)
    .describe(
      "End training after this many evaluations in a row without a better metric_for_best_model.",
    ),
  early_stopping_threshold: number(z.number().min(0))
    .default(0)
    .describe("What counts as better for early_stopping_patience: by more than this."),
  spike_factor: z
    .preprocess(textToNumber, z.union([z.literal(0), z.number().gt(1)]))
    .default(2)
    .describe(
      "A step whose loss is more than this many times the median of the 50 steps before (gradient norm: " +
        "twice as many), and far outside their usual range, is reported as a spike with its rows; 0 turns " +
        "this off.",
    ),
  on_non_finite: choice(["stop", "skip", "rollback"])
    .default("stop")
    .describe(
      "What to do about a step whose loss or gradients are not finite: stop; skip it, changing nothing; " +
        "or rollback to the last checkpoint and leave out the rows that it comes up with. In float16 such " +
        "steps are skipped by the loss scale.",
    ),
  max_non_finite_steps: integer(1)
    .default(10)
    .describe("How often on_non_finite skip or rollback may act in a run before it stops."),
};
