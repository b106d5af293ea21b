/** Answers that the engine computes: from a request to prompts, from tokens to text. */
import {
  cancel,
  contextLength,
  createStopMatcher,
  type DecodedToken,
  type DecodeEvent,
  type Decoder,
  fitPrompt,
  type GenerationSettings,
  resolveSettings,
  type StopMatcher,
  seededRandom,
  submit,
  type TokenLogprobs,
} from "../../generate/index.js";
import type { Message, StreamingDecoder, Tokenizer } from "../../text/index.js";
import { ConfigError, DataError } from "../../util/errors.js";
import { hashKey } from "../../util/hash.js";
import { type JsonValue, parseJson } from "../../util/json/index.js";
import { plainError } from "../../util/plainError.js";
import type { LoadedModel } from "./models.js";
import type { AnswerEvent, AnswerRequest, FinishReason, Prompt, TokenReport } from "./protocol.js";

/** One of the answers to a prompt. */
interface Choice {
  index: number;
  /** Its number in the decoder. */
  request: number;
  stream: StreamingDecoder;
  matcher: StopMatcher;
  /** Log probabilities of tokens whose text is not told yet. */
  tokens: TokenReport[];
}

/** A request that is being answered. */
export interface Answer {
  id: number;
  tokenizer: Tokenizer;
  stopIds: ReadonlySet<number>;
  /** Choices that are not complete, by their number in the decoder. */
  open: Map<number, Choice>;
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  /** Tells the HTTP process. */
  emit(event: AnswerEvent): void;
}

/** Most tokens of an answer where neither the request nor the model says. */
const defaultMostTokens = 2048;

/**
 * Puts a request into the decoder, and tells that it has begun.
 *
 * @throws DataError, ConfigError where the request cannot be answered
 */
export async function beginAnswer(
  { chat, prepared }: LoadedModel,
  decoder: Decoder,
  id: number,
  request: AnswerRequest,
  emit: (event: AnswerEvent) => void,
): Promise<Answer> {
  const { tokenizer, stopTokenIds } = chat;
  const context = contextLength(prepared.model);
  const settings = settingsOf(chat, request);
  const { promptIds, droppedMessages } = await encode(chat, request.prompt, settings, context);
  const answer: Answer = {
    id,
    tokenizer,
    stopIds: new Set(stopTokenIds),
    open: new Map(),
    promptTokens: promptIds.length,
    completionTokens: 0,
    cachedTokens: 0,
    emit,
  };
  const seed = request.seed ?? Math.floor(Math.random() * 2 ** 48);
  const stop = [...settings.stop, ...(request.prompt.kind === "chat" ? chat.stop : [])];
  for (let index = 0; index < request.n; index++) {
    const number = submit(decoder, {
      promptIds,
      settings,
      stopTokenIds,
      random: seededRandom(index === 0 && seed >= 0 ? seed : hashKey(seed, index)),
      client: request.client,
      logitBias: new Map(request.logitBias),
      ...(request.logprobs === null ? {} : { logprobs: request.logprobs }),
    });
    answer.open.set(number, {
      index,
      request: number,
      stream: tokenizer.decodeStream({ skipSpecialTokens: true }),
      matcher: createStopMatcher(stop),
      tokens: [],
    });
  }
  const promptText = request.prompt.kind === "ids" ? tokenizer.decode(promptIds) : null;
  emit({ type: "begin", promptTokens: promptIds.length, droppedMessages, promptText });
  return answer;
}

function settingsOf(
  { defaults }: LoadedModel["chat"],
  { choices }: AnswerRequest,
): GenerationSettings {
  // As in OpenAI's API: without top_k, sampling is from all tokens.
  const model = { topK: 0, maxNewTokens: defaultMostTokens, ...defaults };
  return resolveSettings(choices, model);
}

async function encode(
  { tokenizer, template }: LoadedModel["chat"],
  prompt: Prompt,
  settings: GenerationSettings,
  context: number,
): Promise<{ promptIds: Int32Array; droppedMessages: number }> {
  if (prompt.kind === "ids") return { promptIds: Int32Array.from(prompt.ids), droppedMessages: 0 };
  if (prompt.kind === "text") {
    const promptIds = await tokenizer.encode(prompt.text, { addSpecialTokens: true });
    return { promptIds, droppedMessages: 0 };
  }
  const tools = prompt.tools === null ? undefined : prompt.tools.map(plainJson);
  if (tools !== undefined && !template.mentions("tools")) {
    throw new ConfigError("this model has no form for tools", {
      why: "its chat template does not read them",
      todo: "leave out tools, or ask a model that was trained with tools",
    });
  }
  const parts = {
    tokenizer,
    template,
    messages: prompt.messages.map(plainCalls),
    tools,
    variables: prompt.variables ?? undefined,
  };
  const { maxNewTokens } = settings;
  const { promptIds, forgotten } = await fitPrompt(parts, { context, maxNewTokens });
  return { promptIds, droppedMessages: forgotten };
}

/** Values that templates render as Python would: 20.0 stays 20.0. */
function plainJson(value: unknown): JsonValue {
  return parseJson(JSON.stringify(value));
}

/** Arguments of calls, which OpenAI's API has as text, as templates take them. */
function plainCalls(message: Message, at: number): Message {
  if (message.tool_calls === undefined) return message;
  const calls = message.tool_calls.map((call, i) => {
    const { arguments: given } = call.function;
    if (typeof given !== "string") return call;
    try {
      return { ...call, function: { ...call.function, arguments: parseJson(given) } };
    } catch (cause) {
      throw new DataError(`messages[${at}].tool_calls[${i}].function.arguments is not JSON`, {
        cause,
      });
    }
  });
  return { ...message, tool_calls: calls };
}

/**
 * Takes what a step tells of one of the answers.
 *
 * @returns whether the whole request is over
 */
export function takeEvent(decoder: Decoder, answer: Answer, event: DecodeEvent): boolean {
  if ("error" in event) {
    dropAnswer(decoder, answer);
    answer.emit({ type: "error", error: plainError(event.error) });
    return true;
  }
  const choice = answer.open.get(event.request)!;
  answer.completionTokens++;
  answer.cachedTokens = Math.max(answer.cachedTokens, event.cachedTokens);
  if (event.logprobs)
    choice.tokens.push(reportToken(answer.tokenizer, event.tokenId, event.logprobs));
  const { text, reason } = readOn(decoder, answer, choice, event);
  if (text !== "") {
    const piece = { kind: "text" as const, text };
    answer.emit({ type: "delta", index: choice.index, piece, tokens: choice.tokens.splice(0) });
  }
  if (reason === null) return false;
  answer.open.delete(event.request);
  answer.emit({ type: "finish", index: choice.index, reason, tokens: choice.tokens.splice(0) });
  if (answer.open.size > 0) return false;
  const { promptTokens, completionTokens, cachedTokens } = answer;
  const usage = { promptTokens, completionTokens, reasoningTokens: 0, cachedTokens };
  answer.emit({ type: "end", usage });
  return true;
}

/** The text that has become certain with a token, and why it is the last. */
function readOn(
  decoder: Decoder,
  { stopIds }: Answer,
  { stream, matcher }: Choice,
  { request, tokenId, finishReason }: DecodedToken,
): { text: string; reason: FinishReason | null } {
  let text = matcher.push(stopIds.has(tokenId) ? "" : stream.push(tokenId));
  if (finishReason !== null && matcher.matched === undefined) {
    text += matcher.push(stream.flush());
    if (matcher.matched === undefined) text += matcher.flush();
  }
  if (matcher.matched === undefined) return { text, reason: finishReason };
  if (finishReason === null) cancel(decoder, request);
  return { text, reason: "stop" };
}

function reportToken(
  tokenizer: Tokenizer,
  id: number,
  { logprob, top }: TokenLogprobs,
): TokenReport {
  const shown = (tokenId: number, value: number) => {
    const token = tokenizer.decode([tokenId]);
    return { token, id: tokenId, logprob: value, bytes: [...Buffer.from(token, "utf8")] };
  };
  return { ...shown(id, logprob), top: top.map((one) => shown(one.tokenId, one.logprob)) };
}

/** Ends a request that nobody waits for. */
export function dropAnswer(decoder: Decoder, answer: Answer): void {
  for (const number of answer.open.keys()) cancel(decoder, number);
  answer.open.clear();
}
