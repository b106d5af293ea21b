/** Schemas of answers, which the server writes and does not check: for the document alone. */
import type { MediaContent, SchemaObject } from "./openApi.js";

const text: SchemaObject = { type: "string" };
const whole: SchemaObject = { type: "integer" };
const maybe = (schema: SchemaObject): SchemaObject => ({ anyOf: [schema, { type: "null" }] });
const list = (items: SchemaObject): SchemaObject => ({ type: "array", items });
const ref = (name: string): SchemaObject => ({ $ref: `#/components/schemas/${name}` });

/** @param optional names of properties that may be missing */
function object(
  properties: Record<string, SchemaObject>,
  optional: readonly string[] = [],
): SchemaObject {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required };
}

const token = { token: text, logprob: { type: "number" }, bytes: maybe(list(whole)) };
const chatLogprobs = maybe(
  object({
    content: list(object({ ...token, top_logprobs: list(object(token)) })),
    refusal: { type: "null" },
  }),
);
const head = (kind: string) => ({
  id: text,
  object: { const: kind },
  created: { ...whole, description: "Seconds since 1970." },
  model: text,
  system_fingerprint: text,
});
const notes = {
  warnings: { ...list(text), description: "What of the request or the answer is not as asked." },
  dropped_messages: { ...whole, description: "Messages that the context had no room for." },
};
const reason = (names: string[]): SchemaObject => ({ enum: names });
const called = object({ name: text, arguments: { ...text, description: "JSON." } });

/** By name in the components. */
export const answerSchemas: Readonly<Record<string, SchemaObject>> = {
  Error: object({
    error: object({ message: text, type: text, param: maybe(text), code: maybe(text) }),
  }),
  Usage: object({
    prompt_tokens: whole,
    completion_tokens: whole,
    total_tokens: whole,
    prompt_tokens_details: object({ cached_tokens: whole }),
    completion_tokens_details: object({ reasoning_tokens: whole }),
  }),
  Model: object({
    id: text,
    object: { const: "model" },
    created: whole,
    owned_by: text,
    root: text,
    parent: maybe(text),
    max_model_len: maybe(whole),
  }),
  ModelList: object({ object: { const: "list" }, data: list(ref("Model")) }),
  ToolCall: object({ id: text, type: { const: "function" }, function: called }),
  ChatCompletion: object(
    {
      ...head("chat.completion"),
      choices: list(
        object({
          index: whole,
          message: object(
            {
              role: { const: "assistant" },
              content: maybe(text),
              refusal: { type: "null" },
              reasoning_content: text,
              tool_calls: list(ref("ToolCall")),
            },
            ["reasoning_content", "tool_calls"],
          ),
          logprobs: chatLogprobs,
          finish_reason: reason(["stop", "length", "tool_calls"]),
        }),
      ),
      usage: ref("Usage"),
      ...notes,
    },
    Object.keys(notes),
  ),
  ChatCompletionChunk: object(
    {
      ...head("chat.completion.chunk"),
      choices: list(
        object({
          index: whole,
          delta: object(
            {
              role: { const: "assistant" },
              content: text,
              reasoning_content: text,
              tool_calls: list({ type: "object" }),
            },
            ["role", "content", "reasoning_content", "tool_calls"],
          ),
          logprobs: chatLogprobs,
          finish_reason: maybe(reason(["stop", "length", "tool_calls"])),
        }),
      ),
      usage: maybe(ref("Usage")),
      ...notes,
    },
    ["usage", ...Object.keys(notes)],
  ),
  Completion: object(
    {
      ...head("text_completion"),
      choices: list(
        object({
          index: whole,
          text,
          logprobs: maybe({ type: "object" }),
          finish_reason: maybe(reason(["stop", "length"])),
        }),
      ),
      usage: maybe(ref("Usage")),
      ...notes,
    },
    ["usage", ...Object.keys(notes)],
  ),
};

const json = (name: string): MediaContent => ({ "application/json": { schema: ref(name) } });
const stream = (name: string): MediaContent => ({ "text/event-stream": { schema: ref(name) } });

/** What answers with status 200 hold, by method and path. */
export const answerContents: Readonly<Record<string, MediaContent>> = {
  "get /v1/models": json("ModelList"),
  "get /v1/models/{model}": json("Model"),
  "post /v1/chat/completions": { ...json("ChatCompletion"), ...stream("ChatCompletionChunk") },
  "post /v1/completions": { ...json("Completion"), ...stream("Completion") },
  "get /metrics": { "text/plain": { schema: text } },
};

export const errorContent = json("Error");
