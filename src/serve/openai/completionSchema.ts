/** The body of `POST /v1/completions`. */
import { z } from "@hono/zod-openapi";
import { optional, samplingFields, wellFormed } from "./fields.js";

const ids = z.array(z.number().int().min(0)).min(1);

/** What OpenAI's clients send. */
export const completionRequestSchema = z
  .looseObject({
    model: z.string().min(1).openapi({ description: "The name of a served model." }),
    prompt: z
      .union(
        [wellFormed.min(1), z.array(wellFormed.min(1)).min(1), ids, z.array(ids).min(1)],
        "must be a text, a list of texts, token ids, or a list of lists of token ids; none of them empty",
      )
      .openapi({ description: "Texts or token ids to go on with." }),
    ...samplingFields,
    max_tokens: optional(z.number().int().min(1)).openapi({
      description: "Most tokens of an answer. Default: 16, as OpenAI's.",
    }),
    n: optional(z.number().int().min(1).max(16)).openapi({
      description: "Answers to each prompt.",
    }),
    logprobs: optional(z.number().int().min(0).max(20)).openapi({
      description:
        "How many of the likeliest tokens are told in each place, with their log probabilities.",
    }),
    echo: optional(z.boolean()).openapi({ description: "Begin each answer with its prompt." }),
    suffix: optional(z.string()).openapi({ description: "Not supported." }),
  })
  .openapi("CompletionRequest");

export type CompletionRequest = z.output<typeof completionRequestSchema>;

/** Fields that are read. */
export const completionFields: ReadonlySet<string> = new Set(
  Object.keys(completionRequestSchema.shape),
);
