/** `POST /v1/chat/completions`. */
import type { ServeContext } from "../context.js";
import type {
  AnswerFormat,
  AnswerPiece,
  AnswerRequest,
  RunningAnswer,
  ToolChoice,
  ToolSpec,
} from "../engine/index.js";
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
import { type ChatRequest, chatFields, chatRequestSchema } from "./chatSchema.js";
import { type CollectedChoice, collect } from "./collect.js";
import { biasesOf, choicesOf, unknownFields, warningsOf } from "./fields.js";
import { templateMessages } from "./messages.js";
import { answerHead, chatLogprobs, usageShape } from "./shapes.js";
import { sendError, startedStream } from "./stream.js";
import { watchAnswer } from "./watch.js";

export const chatRoutes: Area = (app, context) => {
  addRoute(
    app,
    {
      method: "post",
      path: "/v1/chat/completions",
      tags: ["OpenAI"],
      summary: "Answers a conversation",
      description:
        "OpenAI's chat completions. Where the conversation outgrows the model's context, whole old turns are left out of the prompt; dropped_messages and the header x-tunewright-dropped-messages say how many messages.",
      request: { body: { content: { "application/json": { schema: chatRequestSchema } } } },
      responses: {
        200: { description: "The answer, or a stream of its parts" },
        400: { description: "The request is not valid" },
        429: { description: "Too many requests are being answered" },
        503: { description: "The model or the engine is not ready" },
      },
    },
    (c) => answerChat(c, context),
  );
};

async function answerChat(c: ServeCall, context: ServeContext): Promise<Response> {
  const body = parseWith(chatRequestSchema, await readValue(c));
  const ignored = unknownFields(body, chatFields);
  checkTogether(body);
  modelOf(context, body.model);
  const request = requestOf(body, clientOf(c, body.user));
  checkRoom(context, request.n);
  if (ignored.length > 0) c.header("x-tunewright-ignored", ignored.join(", "));
  const gone = new AbortController();
  const signal = AbortSignal.any([c.req.raw.signal, context.ended, gone.signal]);
  const answer = await ask(context, request, signal);
  const { droppedMessages } = answer.begin;
  if (droppedMessages > 0) c.header("x-tunewright-dropped-messages", String(droppedMessages));
  const extras = {
    ...(droppedMessages > 0 ? { dropped_messages: droppedMessages } : {}),
    ...(ignored.length > 0 ? { warnings: warningsOf(ignored) } : {}),
  };
  if (body.stream === true) {
    return eventStream(
      c,
      context,
      (sink) => streamChat(c, context, sink, body, answer, extras),
      () => gone.abort(),
    );
  }
  return wholeChat(c, context, body, answer, extras);
}

/** Fields that only make sense together. */
function checkTogether({
  stream,
  stream_options,
  logprobs,
  top_logprobs,
  tools,
  tool_choice,
  ...rest
}: ChatRequest): void {
  if (stream_options !== undefined && stream !== true) {
    throw badRequest("stream_options is only for stream: true", "stream_options");
  }
  if (top_logprobs !== undefined && logprobs !== true) {
    throw badRequest("top_logprobs needs logprobs: true", "top_logprobs");
  }
  checkContinued(rest, tools);
  if (tool_choice === undefined || tool_choice === "none" || tool_choice === "auto") return;
  const names = (tools ?? []).map((tool) => tool.function.name);
  if (names.length === 0) throw badRequest("tool_choice needs tools", "tool_choice");
  if (typeof tool_choice === "object" && !names.includes(tool_choice.function.name)) {
    throw badRequest(
      `tool_choice names ${tool_choice.function.name}, which is none of the tools`,
      "tool_choice",
    );
  }
}

/** What is gone on with is text of the assistant's, which nothing else forces the beginning of. */
function checkContinued(
  {
    messages,
    response_format,
    continue_final_message: continues,
    add_generation_prompt: prompts,
  }: Pick<
    ChatRequest,
    "messages" | "response_format" | "continue_final_message" | "add_generation_prompt"
  >,
  tools: ChatRequest["tools"],
): void {
  if (continues !== true) {
    if (prompts !== false) return;
    throw badRequest(
      "add_generation_prompt: false is only for continue_final_message: true",
      "add_generation_prompt",
    );
  }
  const last = messages.at(-1);
  const isText = last?.role === "assistant" && (last.tool_calls?.length ?? 0) === 0;
  if (!isText || messages.length < 2) {
    throw badRequest(
      "continue_final_message needs a question and then a message of the assistant, without tool_calls",
      "continue_final_message",
    );
  }
  const isHeld = response_format !== undefined && response_format.type !== "text";
  if (isHeld || (tools?.length ?? 0) > 0) {
    throw badRequest(
      "continue_final_message goes with neither tools nor a response_format",
      "continue_final_message",
    );
  }
}

function requestOf(body: ChatRequest, client: string): AnswerRequest {
  return {
    model: body.model,
    client,
    prompt: {
      kind: "chat",
      messages: templateMessages(body.messages),
      tools: toolsOf(body),
      toolChoice: toolChoiceOf(body),
      callsMany: body.parallel_tool_calls !== false,
      variables: variablesOf(body),
      continues: body.continue_final_message === true,
    },
    choices: choicesOf(body, body.max_completion_tokens ?? body.max_tokens),
    n: body.n ?? 1,
    seed: body.seed ?? null,
    logitBias: biasesOf(body.logit_bias),
    logprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : null,
    format: formatOf(body),
    streams: body.stream === true,
  };
}

/** Tools as templates take them: without what only OpenAI's API knows, such as `strict`. */
function toolsOf({ tools }: ChatRequest): ToolSpec[] | null {
  if (tools === undefined || tools.length === 0) return null;
  return tools.map(({ function: { name, description, parameters } }) => ({
    type: "function",
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
    },
  }));
}

function toolChoiceOf({ tool_choice: choice }: ChatRequest): ToolChoice {
  if (choice === undefined) return "auto";
  return typeof choice === "string" ? choice : { name: choice.function.name };
}

function variablesOf({ chat_template_kwargs: given, reasoning_effort: effort }: ChatRequest) {
  if (given === undefined && effort === undefined) return null;
  const ofEffort =
    effort === undefined ? {} : { reasoning_effort: effort, enable_thinking: effort !== "none" };
  return { ...ofEffort, ...given };
}

function formatOf({ response_format: format }: ChatRequest): AnswerFormat {
  if (format === undefined) return { type: "text" };
  if (format.type !== "json_schema") return { type: format.type };
  return { type: "json_schema", schema: format.json_schema.schema };
}

async function wholeChat(
  c: ServeCall,
  context: ServeContext,
  body: ChatRequest,
  answer: RunningAnswer,
  extras: { warnings?: string[] },
): Promise<Response> {
  const watch = watchAnswer(context, c.get("note"));
  const collected = await collect(answer.events, body.n ?? 1, watch).catch((error: unknown) => {
    throw answerError(error);
  });
  const warnings = [...(extras.warnings ?? []), ...collected.warnings];
  return c.json({
    ...answerHead("chatcmpl", "chat.completion", body.model, context.version),
    choices: collected.choices.map((choice) => ({
      index: choice.index,
      message: messageOf(choice),
      logprobs: body.logprobs === true ? chatLogprobs(choice.tokens) : null,
      finish_reason: choice.reason,
    })),
    usage: usageShape(collected.usage),
    ...extras,
    ...(warnings.length > 0 ? { warnings } : {}),
  });
}

function messageOf({ text, reasoning, calls }: CollectedChoice) {
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    refusal: null,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

async function streamChat(
  c: ServeCall,
  context: ServeContext,
  sink: EventSink,
  body: ChatRequest,
  answer: RunningAnswer,
  extras: object,
): Promise<void> {
  const head = answerHead("chatcmpl", "chat.completion.chunk", body.model, context.version);
  const withUsage = body.stream_options?.include_usage === true;
  const usage = withUsage ? { usage: null } : {};
  const send = (index: number, delta: object, more: object = {}) =>
    sink.send({
      ...head,
      choices: [{ index, delta, logprobs: null, finish_reason: null, ...more }],
      ...usage,
    });
  const reported = (tokens: Parameters<typeof chatLogprobs>[0]) =>
    body.logprobs === true && tokens.length > 0 ? { logprobs: chatLogprobs(tokens) } : {};
  await startedStream(sink, answer.begin.droppedMessages);
  for (let index = 0; index < (body.n ?? 1); index++) {
    const delta = { role: "assistant", content: "" };
    const choices = [{ index, delta, logprobs: null, finish_reason: null }];
    await sink.send({ ...head, choices, ...usage, ...(index === 0 ? extras : {}) });
  }
  const watch = watchAnswer(context, c.get("note"));
  try {
    for await (const event of answer.events) {
      watch(event);
      if (event.type === "delta") {
        const { piece, index } = event;
        if (piece.kind === "warning") await sink.comment(`warning: ${piece.text}`);
        else await send(index, deltaOf(piece), reported(event.tokens));
      } else if (event.type === "finish") {
        await send(event.index, {}, { ...reported(event.tokens), finish_reason: event.reason });
      } else if (event.type === "end" && withUsage) {
        await sink.send({ ...head, choices: [], usage: usageShape(event.usage) });
      }
    }
  } catch (error) {
    await sendError(sink, answerError(error), context);
  }
  await sink.sendText("[DONE]");
}

function deltaOf(piece: Exclude<AnswerPiece, { kind: "warning" }>): object {
  switch (piece.kind) {
    case "text":
      return { content: piece.text };
    case "reasoning":
      return { reasoning_content: piece.text };
    case "call": {
      const { call: index, id, name } = piece;
      return { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] };
    }
    case "arguments":
      return { tool_calls: [{ index: piece.call, function: { arguments: piece.text } }] };
  }
}
