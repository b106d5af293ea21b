/** Holds a conversation as `chat` does: each turn reads only what the cache does not hold yet. */
import {
  type ChatModel,
  createSession,
  disposeSession,
  greedySettings,
  reply,
} from "../../generate/index.js";
import { DataError } from "../../util/errors.js";
import type { ConverseOptions, SpokenTurn } from "../types.js";

/** What a conversation uses of a {@link ChatModel}. */
type ConversationModel = Pick<
  ChatModel,
  "model" | "tokenizer" | "template" | "stopTokenIds" | "stop"
>;

/**
 * Asks all questions one after the other, greedily. One that cannot be answered, because it is too long or
 * the template refuses it, has an error, and the conversation goes on without it.
 *
 * @throws the signal's reason where it stops the conversation
 */
export async function converse(
  chat: ConversationModel,
  questions: readonly string[],
  { system, maxNewTokens, signal, onAnswer }: ConverseOptions,
): Promise<SpokenTurn[]> {
  const session = createSession(chat, { settings: { ...greedySettings, maxNewTokens }, system });
  const spoken: SpokenTurn[] = [];
  try {
    for (const [index, question] of questions.entries()) {
      spoken.push(await answer(question));
      onAnswer?.(index, spoken[index]!);
    }
  } finally {
    disposeSession(session);
  }
  return spoken;

  async function answer(question: string): Promise<SpokenTurn> {
    try {
      const turn = reply(session, question, signal);
      let step = await turn.next();
      while (!step.done) step = await turn.next();
      const { text, tokenIds, promptTokens, finishReason } = step.value;
      if (finishReason === "aborted") throw signal?.reason;
      const { forgotten } = session;
      return { text, tokens: tokenIds.length, promptTokens, finishReason, forgotten };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const { message } = error;
      return {
        text: "",
        tokens: 0,
        promptTokens: 0,
        finishReason: "error",
        forgotten: 0,
        error: message,
      };
    }
  }
}
