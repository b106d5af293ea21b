/** Fields that chat and plain completions share, and what is done with those that are not known. */
import { z } from "@hono/zod-openapi";
import type { GenerationChoices } from "../../generate/index.js";
import { badRequest } from "../http/index.js";

/** OpenAI's clients send null for what is left out. */
export function optional<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? undefined);
}

/** Half a character cannot be encoded: a model would be shown something else. */
export const wellFormed = z
  .string()
  .refine((text) => !/\p{Surrogate}/u.test(text), "has half a character (a lone surrogate)");

const tokenId = z.string().regex(/^\d{1,9}$/, "must be a token id");

/** Fields that steer sampling, in OpenAI's names and, where OpenAI has none, in transformers'. */
export const samplingFields = {
  temperature: optional(z.number().min(0).max(2)).openapi({
    description:
      "Sampling temperature; 0 always takes the likeliest token. Default: the model's own, else 0.",
  }),
  top_p: optional(z.number().min(0).max(1)).openapi({
    description: "Samples from the likeliest tokens whose probabilities sum to top_p.",
  }),
  top_k: optional(
    z
      .number()
      .int()
      .min(-1)
      .max(2 ** 31),
  ).openapi({
    description: "Samples from the k likeliest tokens; 0 or -1 for all.",
  }),
  min_p: optional(z.number().min(0).max(1)).openapi({
    description: "Leaves out tokens less likely than min_p times the likeliest.",
  }),
  repetition_penalty: optional(z.number().gt(0).max(1000)).openapi({
    description: "Above 1: tokens of prompt and answer become less likely.",
  }),
  no_repeat_ngram_size: optional(z.number().int().min(0).max(10_000)).openapi({
    description: "Sequences of so many tokens never occur twice; 0 for no such rule.",
  }),
  presence_penalty: optional(z.number().min(-2).max(2)).openapi({
    description: "Taken from the logits of tokens that the answer has.",
  }),
  frequency_penalty: optional(z.number().min(-2).max(2)).openapi({
    description: "Taken from a token's logit as often as the answer has it.",
  }),
  logit_bias: optional(z.record(tokenId, z.number().min(-100).max(100))).openapi({
    description: "Added to logits, by token id.",
  }),
  seed: optional(z.number().int()).openapi({
    description: "The same seed and request give the same answer.",
  }),
  stop: optional(
    z.union([wellFormed.min(1).max(1000), z.array(wellFormed.min(1).max(1000)).max(16)]),
  ).openapi({ description: "Texts that end the answer and are not part of it; at most 16." }),
  stream: optional(z.boolean()).openapi({ description: "Answer with server-sent events." }),
  stream_options: optional(z.looseObject({ include_usage: optional(z.boolean()) })).openapi({
    description: "Only with stream. include_usage: the last event tells what the answer took.",
  }),
  user: optional(z.string().max(1000)).openapi({
    description: "Who asks: users take turns, however many requests each sends.",
  }),
};

interface SamplingValues {
  temperature?: number | undefined;
  top_p?: number | undefined;
  top_k?: number | undefined;
  min_p?: number | undefined;
  repetition_penalty?: number | undefined;
  no_repeat_ngram_size?: number | undefined;
  presence_penalty?: number | undefined;
  frequency_penalty?: number | undefined;
  stop?: string | string[] | undefined;
}

/** The same as settings of generation. What is left out is the model's own. */
export function choicesOf(
  body: SamplingValues,
  maxNewTokens: number | undefined,
): GenerationChoices {
  return {
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k === undefined ? undefined : Math.max(0, body.top_k),
    minP: body.min_p,
    repetitionPenalty: body.repetition_penalty,
    noRepeatNgramSize: body.no_repeat_ngram_size,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    maxNewTokens,
    stop: body.stop === undefined ? undefined : [body.stop].flat(),
  };
}

/** Biases by id. */
export function biasesOf(bias: Record<string, number> | undefined): [number, number][] {
  return Object.entries(bias ?? {}).map(([id, value]) => [Number(id), value]);
}

/** Fields of other servers that would change the answer, with the value that would not. */
const unsupported: Readonly<Record<string, { harmless: unknown; instead?: string }>> = {
  add_generation_prompt: { harmless: true },
  allowed_token_ids: { harmless: null, instead: "logit_bias" },
  audio: { harmless: null },
  bad_words: { harmless: null },
  best_of: { harmless: 1, instead: "n" },
  chat_template: { harmless: null, instead: "--template when the server is started" },
  continue_final_message: { harmless: false },
  functions: { harmless: null, instead: "tools" },
  function_call: { harmless: null, instead: "tool_choice" },
  guided_choice: { harmless: null, instead: "response_format" },
  guided_grammar: { harmless: null, instead: "response_format" },
  guided_json: { harmless: null, instead: "response_format" },
  guided_regex: { harmless: null, instead: "response_format" },
  ignore_eos: { harmless: false },
  include_stop_str_in_output: { harmless: false },
  length_penalty: { harmless: 1 },
  min_tokens: { harmless: 0 },
  prediction: { harmless: null },
  prompt_logprobs: { harmless: null },
  skip_special_tokens: { harmless: true },
  stop_token_ids: { harmless: null, instead: "stop" },
  structured_outputs: { harmless: null, instead: "response_format" },
  truncate_prompt_tokens: { harmless: null },
  typical_p: { harmless: 1 },
  use_beam_search: { harmless: false },
  web_search_options: { harmless: null },
};

/**
 * Refuses fields that would change the answer and are not supported, and names the rest of what is not
 * known, which changes nothing.
 *
 * @param known fields of the request's schema
 * @throws HttpError 400 naming the field
 */
export function unknownFields(body: object, known: ReadonlySet<string>): string[] {
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (known.has(name) || value === undefined) continue;
    const rule = Object.hasOwn(unsupported, name) ? unsupported[name] : undefined;
    const isEmpty = value === null || (Array.isArray(value) && value.length === 0);
    if (rule && !isEmpty && value !== rule.harmless) {
      const instead = rule.instead === undefined ? "" : `; use ${rule.instead}`;
      throw badRequest(`${name} is not supported${instead}`, name, "unsupported_parameter");
    }
    if (!rule && value !== null)
      ignored.push(/^[\w.-]{1,64}$/.test(name) ? name : "(unreadable name)");
  }
  return [...new Set(ignored)].slice(0, 20);
}

/** What a client is told of fields that were not used. */
export function warningsOf(ignored: readonly string[]): string[] {
  return ignored.map((name) => `${name} is not known to this server and was ignored`);
}
