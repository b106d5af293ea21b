/** The body of `POST /v1/chat/completions`. */
import { z } from "@hono/zod-openapi";
import { optional, samplingFields } from "./fields.js";
import { messagesSchema } from "./messages.js";

const toolSchema = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z
      .string()
      .regex(/^[\w.-]{1,64}$/, "may have letters, digits, _ . and -, at most 64 of them"),
    description: optional(z.string()),
    parameters: optional(z.looseObject({})),
    strict: optional(z.boolean()),
  }),
});

const toolChoiceSchema = z.union(
  [
    z.enum(["none", "auto", "required"]),
    z.looseObject({
      type: z.literal("function"),
      function: z.looseObject({ name: z.string().min(1) }),
    }),
  ],
  'must be "none", "auto", "required", or { type: "function", function: { name } }',
);

const responseFormatSchema = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("text") }),
    z.looseObject({ type: z.literal("json_object") }),
    z.looseObject({
      type: z.literal("json_schema"),
      json_schema: z.looseObject({
        name: optional(z.string()),
        schema: z.union([z.looseObject({}), z.boolean()]),
        strict: optional(z.boolean()),
      }),
    }),
  ],
  "must be of type text, json_object or json_schema",
);

/** What OpenAI's clients send. */
export const chatRequestSchema = z
  .looseObject({
    model: z.string().min(1).openapi({ description: "The name of a served model." }),
    messages: messagesSchema,
    ...samplingFields,
    max_tokens: optional(z.number().int().min(1)).openapi({
      description: "Most tokens of an answer. Default: the model's own, else 2,048.",
    }),
    max_completion_tokens: optional(z.number().int().min(1)).openapi({
      description: "The same; it counts where both are given.",
    }),
    n: optional(z.number().int().min(1).max(16)).openapi({ description: "How many answers." }),
    logprobs: optional(z.boolean()).openapi({
      description:
        "Tell the log probability of each token: the model's own, before temperature and penalties.",
    }),
    top_logprobs: optional(z.number().int().min(0).max(20)).openapi({
      description: "How many of the likeliest tokens are told in each place. Only with logprobs.",
    }),
    tools: optional(z.array(toolSchema).max(128)).openapi({
      description: "Functions that the model may call, where its template has a form for them.",
    }),
    tool_choice: optional(toolChoiceSchema),
    parallel_tool_calls: optional(z.boolean()),
    response_format: optional(responseFormatSchema).openapi({
      description: "json_object and json_schema: the answer is held to JSON token by token.",
    }),
    chat_template_kwargs: optional(z.record(z.string(), z.unknown())).openapi({
      description: "Variables of the chat template, such as enable_thinking.",
    }),
    continue_final_message: optional(z.boolean()).openapi({
      description:
        "Go on with the last message, which is the assistant's. The answer is what follows it.",
    }),
    add_generation_prompt: optional(z.boolean()).openapi({
      description: "May be false with continue_final_message, as for vLLM.",
    }),
    reasoning_effort: optional(z.string().max(32)).openapi({
      description:
        "none switches reasoning off where the template can; a template that knows efforts gets it.",
    }),
  })
  .openapi("ChatCompletionRequest");

export type ChatRequest = z.output<typeof chatRequestSchema>;

/** Fields that are read. */
export const chatFields: ReadonlySet<string> = new Set([
  ...Object.keys(chatRequestSchema.shape),
  // They say something about the request and nothing about the answer.
  "metadata",
  "store",
  "service_tier",
  "safety_identifier",
  "prompt_cache_key",
]);
