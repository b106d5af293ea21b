/** `POST /v1/completions`: plain texts that are gone on with. */
import type { ServeContext } from "../context.js";
import type { AnswerRequest, Prompt, RunningAnswer, TokenReport } from "../engine/index.js";
import {
  type Area,
  addRoute,
  badRequest,
  type EventSink,
  eventStream,
  parseWith,
  readValue,
  type ServeCall,
} from "../http/index.js";
import { answerError, ask, checkRoom, clientOf, modelOf } from "./ask.js";
import { collect } from "./collect.js";
import {
  type CompletionRequest,
  completionFields,
  completionRequestSchema,
} from "./completionSchema.js";
import { biasesOf, choicesOf, unknownFields, warningsOf } from "./fields.js";
import { type AnswerHead, answerHead, completionLogprobs, sumUsage, usageShape } from "./shapes.js";
import { sendError } from "./stream.js";
import { watchAnswer } from "./watch.js";

export const completionRoutes: Area = (app, context) => {
  addRoute(
    app,
    {
      method: "post",
      path: "/v1/completions",
      tags: ["OpenAI"],
      summary: "Goes on with texts",
      request: { body: { content: { "application/json": { schema: completionRequestSchema } } } },
      responses: {
        200: { description: "The answers, or a stream of their parts" },
        400: { description: "The request is not valid" },
        429: { description: "Too many requests are being answered" },
        503: { description: "The model or the engine is not ready" },
      },
    },
    (c) => complete(c, context),
  );
};

/** Tokens of an answer where a request does not say, as in OpenAI's API. */
const defaultMostTokens = 16;

/** One of the prompts, being answered. */
interface Part {
  answer: RunningAnswer;
  /** Number of its first answer among all. */
  first: number;
  /** What answers begin with where `echo` asks for it. */
  echoed: string;
}

async function complete(c: ServeCall, context: ServeContext): Promise<Response> {
  const body = parseWith(completionRequestSchema, await readValue(c));
  const ignored = unknownFields(body, completionFields);
  checkTogether(body);
  modelOf(context, body.model);
  const prompts = promptsOf(body.prompt);
  const n = body.n ?? 1;
  checkRoom(context, n * prompts.length);
  if (ignored.length > 0) c.header("x-tunewright-ignored", ignored.join(", "));
  const gone = new AbortController();
  const signal = AbortSignal.any([c.req.raw.signal, context.ended, gone.signal]);
  const client = clientOf(c, body.user);
  const parts: Part[] = [];
  try {
    for (const [i, prompt] of prompts.entries()) {
      const answer = await ask(context, requestOf(body, prompt, client), signal);
      const text = prompt.kind === "text" ? prompt.text : (answer.begin.promptText ?? "");
      parts.push({ answer, first: i * n, echoed: body.echo === true ? text : "" });
    }
  } catch (error) {
    gone.abort();
    throw error;
  }
  const head = answerHead("cmpl", "text_completion", body.model, context.version);
  const extras = ignored.length > 0 ? { warnings: warningsOf(ignored) } : {};
  if (body.stream === true) {
    return eventStream(
      c,
      context,
      (sink) => streamParts(c, context, sink, body, parts, { ...head, ...extras }),
      () => gone.abort(),
    );
  }
  return wholeParts(c, context, body, parts, { ...head, ...extras });
}

function checkTogether({
  stream,
  stream_options,
  echo,
  logprobs,
  suffix,
}: CompletionRequest): void {
  if (suffix !== undefined && suffix !== "") {
    throw badRequest("suffix is not supported", "suffix", "unsupported_parameter");
  }
  if (stream_options !== undefined && stream !== true) {
    throw badRequest("stream_options is only for stream: true", "stream_options");
  }
  if (echo === true && logprobs !== undefined) {
    throw badRequest(
      "echo with logprobs is not supported: log probabilities are those of answers",
      "logprobs",
      "unsupported_parameter",
    );
  }
}

function promptsOf(prompt: CompletionRequest["prompt"]): Prompt[] {
  if (typeof prompt === "string") return [{ kind: "text", text: prompt }];
  const isIds = (list: readonly unknown[]): list is number[] => typeof list[0] === "number";
  if (isIds(prompt)) return [{ kind: "ids", ids: prompt }];
  return (prompt as (string | number[])[]).map((one) =>
    typeof one === "string" ? { kind: "text", text: one } : { kind: "ids", ids: one },
  );
}

function requestOf(body: CompletionRequest, prompt: Prompt, client: string): AnswerRequest {
  return {
    model: body.model,
    client,
    prompt,
    choices: choicesOf(body, body.max_tokens ?? defaultMostTokens),
    n: body.n ?? 1,
    seed: body.seed ?? null,
    logitBias: biasesOf(body.logit_bias),
    logprobs: body.logprobs ?? null,
    format: { type: "text" },
    streams: body.stream === true,
  };
}

async function wholeParts(
  c: ServeCall,
  context: ServeContext,
  body: CompletionRequest,
  parts: readonly Part[],
  head: AnswerHead,
): Promise<Response> {
  const watch = watchAnswer(context, c.get("note"));
  const n = body.n ?? 1;
  const collected = await Promise.all(
    parts.map(({ answer }) => collect(answer.events, n, watch)),
  ).catch((error: unknown) => {
    throw answerError(error);
  });
  const choices = collected.flatMap(({ choices: own }, i) =>
    own.map(({ index, text, tokens, reason }) => {
      const { first, echoed } = parts[i]!;
      const logprobs =
        body.logprobs === undefined ? null : completionLogprobs(tokens, echoed.length);
      return { index: first + index, text: echoed + text, logprobs, finish_reason: reason };
    }),
  );
  const usage = usageShape(sumUsage(collected.map((one) => one.usage)));
  return c.json({ ...head, choices, usage });
}

async function streamParts(
  c: ServeCall,
  context: ServeContext,
  sink: EventSink,
  body: CompletionRequest,
  parts: readonly Part[],
  head: AnswerHead,
): Promise<void> {
  const withUsage = body.stream_options?.include_usage === true;
  const watch = watchAnswer(context, c.get("note"));
  const lengths = new Map<number, number>();
  const send = (
    index: number,
    text: string,
    tokens: readonly TokenReport[],
    reason: string | null,
  ) => {
    const offset = lengths.get(index) ?? 0;
    lengths.set(index, offset + text.length);
    const isReported = body.logprobs !== undefined && tokens.length > 0;
    const logprobs = isReported ? completionLogprobs(tokens, offset) : null;
    const choices = [{ index, text, logprobs, finish_reason: reason }];
    return sink.send({ ...head, choices, ...(withUsage ? { usage: null } : {}) });
  };
  const stream = async ({ answer, first, echoed }: Part) => {
    for (let i = 0; i < (body.n ?? 1) && echoed !== ""; i++)
      await send(first + i, echoed, [], null);
    for await (const event of answer.events) {
      watch(event);
      if (event.type === "delta" && event.piece.kind === "text") {
        await send(first + event.index, event.piece.text, event.tokens, null);
      } else if (event.type === "finish") {
        await send(first + event.index, "", event.tokens, event.reason);
      } else if (event.type === "end") return event.usage;
    }
    return undefined;
  };
  try {
    const usages = await Promise.all(parts.map(stream));
    if (withUsage) {
      const usage = usageShape(sumUsage(usages.flatMap((one) => one ?? [])));
      await sink.send({ ...head, choices: [], usage });
    }
  } catch (error) {
    await sendError(sink, answerError(error), context);
  }
  await sink.sendText("[DONE]");
}
