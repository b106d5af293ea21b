/** Configuration fields about length, optimizer and learning rate. */
import { z } from "zod";
import { choice, integer, number, numberRecord, textToNumber } from "./values.js";

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
    .describe("Passes over the data; a fraction is allowed."),
  max_steps: z
    .preprocess(textToNumber, z.union([z.literal(-1), z.number().int().min(1)]))
    .default(-1)
    .describe("Stop after this many optimizer steps; overrides num_train_epochs. -1: no limit."),
  gradient_accumulation_steps: integer(1)
    .default(1)
    .describe("Forward passes whose gradients make one optimizer step."),
  learning_rate: number(z.number().gt(0)).default(5e-5).describe("Peak learning rate."),
  lr_scheduler_type: choice(schedulerTypes)
    .default("linear")
    .describe("How the learning rate changes over the run."),
  lr_scheduler_kwargs: numberRecord()
    .default({})
    .describe(
      "Extra numbers of the schedule: num_cycles (cosine, cosine_with_restarts), power and lr_end " +
        "(polynomial), timescale (inverse_sqrt).",
    ),
  warmup_steps: z
    .preprocess(textToNumber, z.union([z.number().min(0).lt(1), z.number().int().min(1)]))
    .default(0)
    .describe("Steps over which the rate climbs from 0; below 1, a share of all steps."),
  warmup_ratio: number(z.number().min(0).max(1))
    .default(0)
    .describe("Share of all steps over which the rate climbs from 0; not beside warmup_steps."),
  optim: choice(optimizerNames)
    .default("adamw_torch")
    .describe(
      "Optimizer. 8-bit ones keep two bytes of state a weight; a CPU has nothing to page and says so.",
    ),
  weight_decay: number(z.number().min(0))
    .default(0)
    .describe("Decoupled weight decay; biases and norm weights are exempt."),
  adam_beta1: number(z.number().min(0).lt(1)).default(0.9).describe("AdamW's first beta."),
  adam_beta2: number(z.number().min(0).lt(1)).default(0.999).describe("AdamW's second beta."),
  adam_epsilon: number(z.number().min(0)).default(1e-8).describe("AdamW's epsilon."),
  max_grad_norm: number(z.number().min(0))
    .default(1)
    .describe("Gradients are scaled down to this norm; 0 switches clipping off."),
};
