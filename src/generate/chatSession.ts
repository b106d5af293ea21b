/**
 * A conversation with a model as plain data: its messages, the decoder that answers, and the generator
 * that draws. Each turn reads only what the decoder does not hold yet.
 */
import { setStrength } from "../lora/index.js";
import { prepareModel } from "../models/index.js";
import type { Message } from "../text/index.js";
import type { ChatModel } from "./chatModel.js";
import {
  createDecoder,
  type Decoder,
  disposeDecoder,
  type FinishReason,
  forget,
} from "./decoder/index.js";
import { fitPrompt, splitSystem } from "./fitPrompt.js";
import { generateText } from "./generateText.js";
import { contextLength } from "./prompts.js";
import { type RandomState, seededRandom } from "./random.js";
import type { GenerationSettings } from "./settings.js";

/** What a session uses of a {@link ChatModel}. */
export type SessionModel = Pick<
  ChatModel,
  "model" | "tokenizer" | "template" | "stopTokenIds" | "stop"
> &
  Partial<Pick<ChatModel, "adapters" | "attached">>;

export interface ChatSession {
  chat: SessionModel;
  decoder: Decoder;
  settings: GenerationSettings;
  random: RandomState;
  /** The whole conversation, a system message first where there is one. */
  messages: Message[];
  /** Messages after the system message that no longer fit into the model's context. */
  forgotten: number;
}

/** What one answer took. */
export interface Turn {
  /** Tokens of the prompt: everything that the model was shown. */
  promptTokens: number;
  /** How many of those were held already. */
  reusedTokens: number;
  /** Ids of the answer, its end token included. */
  tokenIds: number[];
  finishReason: FinishReason;
  text: string;
  /** Messages that were left out of the prompt for the first time, from the oldest on. */
  newlyForgotten: number;
  promptSeconds: number;
  answerSeconds: number;
}

/** Tokens of a prompt between two looks at the signal that stops an answer. */
const TOKENS_PER_STEP = 256;

/**
 * Begins a conversation. The tensors are the session's: {@link disposeSession}.
 *
 * @param options.seed an integer of zero or more; the same one gives the same texts
 */
export function createSession(
  chat: SessionModel,
  options: { settings: GenerationSettings; system?: string | undefined; seed?: number | undefined },
): ChatSession {
  const session: ChatSession = {
    chat,
    decoder: createDecoder(prepareModel(chat.model), { rows: 1, tokensPerStep: TOKENS_PER_STEP }),
    settings: options.settings,
    random: seededRandom(options.seed ?? 0),
    messages: [],
    forgotten: 0,
  };
  setSystem(session, options.system ?? "");
  return session;
}

/** Frees the session's tensors; the chat model stays. */
export function disposeSession({ decoder }: ChatSession): void {
  disposeDecoder(decoder);
  decoder.prepared.dispose();
}

/** Forgets the turns and keeps the system message. */
export function resetSession(session: ChatSession): void {
  session.messages = splitSystem(session.messages).system;
  session.forgotten = 0;
}

/** Replaces the system message; an empty one removes it. */
export function setSystem(session: ChatSession, text: string): void {
  const { turns } = splitSystem(session.messages);
  session.messages = text === "" ? turns : [{ role: "system", content: text }, ...turns];
}

/**
 * Changes how much each adapter counts, from the next answer on, which reads the whole conversation
 * anew.
 *
 * @param weights of all adapters of the model, the lowest first
 * @throws ConfigError where an adapter cannot have its weight; then nothing is changed
 */
export function setAdapterWeights(session: ChatSession, weights: readonly number[]): void {
  const { attached = [], adapters = [] } = session.chat;
  const before = attached.map(({ strength }) => strength.value);
  try {
    attached.forEach((adapter, i) => {
      setStrength(adapter, weights[i] ?? before[i]!, adapters[i]!);
    });
  } catch (error) {
    attached.forEach(({ strength }, i) => {
      strength.value = before[i]!;
    });
    throw error;
  }
  forget(session.decoder);
}

/** Takes back the last user message and the answer to it; undefined where there is none. */
export function takeBackTurn(session: ChatSession): string | undefined {
  const at = session.messages.findLastIndex(({ role }) => role === "user");
  if (at < 0) return undefined;
  const [user] = session.messages.splice(at);
  const { turns } = splitSystem(session.messages);
  session.forgotten = Math.min(session.forgotten, turns.length);
  return user?.content;
}

/**
 * Asks one question and generates the answer, which joins the conversation with the question once it
 * is complete (or aborted with something said). A conversation that has outgrown the model's context
 * loses its oldest turns from the prompt.
 *
 * @yields more of the answer's text
 * @throws DataError where the question alone is too long, or the template refuses the conversation
 */
export async function* reply(
  session: ChatSession,
  question: string,
  signal?: AbortSignal,
): AsyncGenerator<string, Turn, void> {
  const { chat, decoder, settings, random } = session;
  const messages: Message[] = [...session.messages, { role: "user", content: question }];
  const { promptIds, forgotten } = await fitPrompt(
    { tokenizer: chat.tokenizer, template: chat.template, messages },
    {
      context: contextLength(chat.model),
      maxNewTokens: settings.maxNewTokens,
      forgotten: session.forgotten,
    },
  );
  const newlyForgotten = forgotten - session.forgotten;
  session.forgotten = forgotten;
  const start = performance.now();
  let first = 0;
  let reusedTokens = 0;
  const answer = generateText(decoder, chat.tokenizer, promptIds, {
    settings: { ...settings, stop: [...settings.stop, ...chat.stop] },
    stopTokenIds: chat.stopTokenIds,
    random,
    signal,
    onToken: ({ cachedTokens }) => {
      first ||= performance.now();
      reusedTokens = cachedTokens;
    },
  });
  let step = await answer.next();
  for (; !step.done; step = await answer.next()) yield step.value;
  const { text, tokenIds, finishReason } = step.value;
  const end = performance.now();
  if (finishReason !== "aborted" || text !== "") {
    session.messages = [...messages, { role: "assistant", content: text }];
  }
  return {
    promptTokens: promptIds.length,
    reusedTokens,
    tokenIds,
    finishReason,
    text,
    newlyForgotten,
    promptSeconds: ((first || end) - start) / 1000,
    answerSeconds: first ? (end - first) / 1000 : 0,
  };
}
