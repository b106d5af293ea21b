/** Answers that the engine computes: from a request to the decoder, from tokens to what is told. */
import {
  cancel,
  contextLength,
  type DecodeEvent,
  type Decoder,
  type GenerationSettings,
  resolveSettings,
  seededRandom,
  submit,
} from "../../generate/index.js";
import { hashKey } from "../../util/hash.js";
import { plainError } from "../../util/plainError.js";
import { type AnswerReader, createAnswerReader } from "./answerReader.js";
import type { LoadedModel } from "./models.js";
import { type EncodedPrompt, encodeRequest } from "./prompts.js";
import type {
  AnswerEvent,
  AnswerPiece,
  AnswerRequest,
  FinishReason,
  TokenReport,
} from "./protocol.js";
import { reportToken } from "./tokenReport.js";

/** One of the answers to a prompt. */
interface Choice {
  index: number;
  reader: AnswerReader;
  /** Log probabilities of tokens whose text is not told yet. */
  tokens: TokenReport[];
}

/** A request that is being answered. */
export interface Answer {
  id: number;
  loaded: LoadedModel;
  /** Choices that are not complete, by their number in the decoder. */
  open: Map<number, Choice>;
  promptTokens: number;
  completionTokens: number;
  reasoningTokens: number;
  cachedTokens: number;
  /** Whether an answer may call more than one tool. */
  callsMany: boolean;
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
  loaded: LoadedModel,
  decoder: Decoder,
  id: number,
  request: AnswerRequest,
  emit: (event: AnswerEvent) => void,
): Promise<Answer> {
  const { chat, prepared } = loaded;
  const settings = settingsOf(chat, request);
  const { maxNewTokens } = settings;
  const room = { context: contextLength(prepared.model), maxNewTokens };
  const encoded = await encodeRequest(loaded, request, room);
  const { promptIds, droppedMessages } = encoded;
  const answer: Answer = {
    id,
    loaded,
    open: new Map(),
    promptTokens: promptIds.length,
    completionTokens: 0,
    reasoningTokens: 0,
    cachedTokens: 0,
    callsMany: request.prompt.kind !== "chat" || request.prompt.callsMany,
    emit,
  };
  try {
    for (let index = 0; index < request.n; index++) {
      const number = submitOne(decoder, loaded, request, encoded, settings, index);
      const reader = createAnswerReader(readerOptions(loaded, request, encoded, settings));
      answer.open.set(number, { index, reader, tokens: [] });
    }
  } catch (error) {
    dropAnswer(decoder, answer);
    throw error;
  }
  const promptText = request.prompt.kind === "ids" ? chat.tokenizer.decode(promptIds) : null;
  emit({ type: "begin", promptTokens: promptIds.length, droppedMessages, promptText });
  for (const choice of answer.open.values()) {
    const notes = choice.index === 0 ? encoded.notes : [];
    const warnings = notes.map((text): AnswerPiece => ({ kind: "warning", text }));
    tellPieces(answer, choice, [...warnings, ...choice.reader.begin(encoded.begun)]);
  }
  return answer;
}

/** As in OpenAI's API: without `top_k`, sampling is from all tokens. */
function settingsOf(
  { defaults }: LoadedModel["chat"],
  { choices }: AnswerRequest,
): GenerationSettings {
  return resolveSettings(choices, { topK: 0, maxNewTokens: defaultMostTokens, ...defaults });
}

function submitOne(
  decoder: Decoder,
  { chat }: LoadedModel,
  request: AnswerRequest,
  { promptIds, constrain }: EncodedPrompt,
  settings: GenerationSettings,
  index: number,
): number {
  const seed = request.seed ?? Math.floor(Math.random() * 2 ** 48);
  const allow = constrain?.();
  return submit(decoder, {
    promptIds,
    settings,
    stopTokenIds: chat.stopTokenIds,
    random: seededRandom(index === 0 && seed >= 0 ? seed : hashKey(seed, index)),
    client: request.client,
    logitBias: new Map(request.logitBias),
    ...(allow === undefined ? {} : { allow }),
    ...(request.logprobs === null ? {} : { logprobs: request.logprobs }),
  });
}

function readerOptions(
  { chat }: LoadedModel,
  { prompt, streams }: AnswerRequest,
  { marks, ending, tail, calls }: EncodedPrompt,
  settings: GenerationSettings,
) {
  const isChat = prompt.kind === "chat";
  return {
    tokenizer: chat.tokenizer,
    tail,
    stop: [...settings.stop, ...(isChat ? chat.stop : [])],
    stopIds: new Set(chat.stopTokenIds),
    reasoning: isChat ? { marks, prompt: ending } : null,
    calls: calls && { ...calls, inPieces: streams },
  };
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
  const { reader, index } = choice;
  answer.completionTokens++;
  answer.cachedTokens = Math.max(answer.cachedTokens, event.cachedTokens);
  if (event.logprobs) choice.tokens.push(reportToken(answer.loaded, event.tokenId, event.logprobs));
  tellPieces(answer, choice, reader.push(event.tokenId, event.finishReason !== null));
  const isCut = reader.isStopped || (!answer.callsMany && reader.calls > 0);
  if (event.finishReason === null && !isCut) return false;
  if (event.finishReason === null) cancel(decoder, event.request);
  answer.open.delete(event.request);
  answer.reasoningTokens += reader.reasoningTokens;
  const reason = reasonOf(isCut ? "stop" : event.finishReason!, reader);
  answer.emit({ type: "finish", index, reason, tokens: choice.tokens.splice(0) });
  if (answer.open.size > 0) return false;
  const { promptTokens, completionTokens, reasoningTokens, cachedTokens } = answer;
  const usage = { promptTokens, completionTokens, reasoningTokens, cachedTokens };
  answer.emit({ type: "end", usage });
  return true;
}

function reasonOf(reason: "stop" | "length", { calls }: AnswerReader): FinishReason {
  return reason === "stop" && calls > 0 ? "tool_calls" : reason;
}

/** Log probabilities go with the first piece that follows their tokens. */
function tellPieces({ emit }: Answer, { index, tokens }: Choice, pieces: AnswerPiece[]): void {
  for (const piece of pieces) emit({ type: "delta", index, piece, tokens: tokens.splice(0) });
}

/** Ends a request that nobody waits for. */
export function dropAnswer(decoder: Decoder, answer: Answer): void {
  for (const number of answer.open.keys()) cancel(decoder, number);
  answer.open.clear();
}
