/** Asks a model each question in a conversation of its own, greedily, so that answers repeat. */
import {
  createDecoder,
  disposeChatModel,
  disposeDecoder,
  generateText,
  loadChatModel,
} from "../../generate/index.js";
import { prepareModel } from "../../models/index.js";
import { defaultDevice } from "../../tensor/index.js";
import { encodePrompt } from "../../text/index.js";

export interface AskOptions {
  /** Model as `chat --model` takes it. */
  model: string;
  /** Directory of an adapter. */
  adapter?: string | undefined;
  questions: readonly string[];
  /** An answer that is longer ends with an ellipsis. */
  maxNewTokens: number;
  /** Where answers take longer than this in all, the questions after the third are left out. */
  mostSeconds?: number | undefined;
  /** Gets each answer when it is complete. */
  onAnswer?: (question: string, answer: string) => void;
}

/** So many are asked however long they take: two in English, one in Chinese. */
const LEAST_QUESTIONS = 3;

/**
 * @returns the answers in the order of the questions, without those that were left out
 * @throws ConfigError, FormatError where the model cannot be loaded
 */
export async function askQuestions(options: AskOptions): Promise<string[]> {
  const { adapter, maxNewTokens, questions, mostSeconds = Number.POSITIVE_INFINITY } = options;
  const chat = await loadChatModel(options.model, { adapter, device: defaultDevice() });
  try {
    const prepared = prepareModel(chat.model);
    const decoder = createDecoder(prepared, { rows: 1 });
    try {
      const answers: string[] = [];
      const started = performance.now();
      for (const question of questions) {
        const seconds = (performance.now() - started) / 1000;
        if (answers.length >= LEAST_QUESTIONS && seconds > mostSeconds) break;
        const messages = [{ role: "user" as const, content: question }];
        const promptIds = await encodePrompt(messages, chat.tokenizer, chat.template);
        const generation = generateText(decoder, chat.tokenizer, promptIds, {
          settings: { maxNewTokens, stop: chat.stop },
          stopTokenIds: chat.stopTokenIds,
        });
        let next = await generation.next();
        while (!next.done) next = await generation.next();
        const { text, finishReason } = next.value;
        // An answer that is cut short may end within a character.
        const cut = () => `${text.trim().replace(/\uFFFD+$/, "")}…`;
        const answer = finishReason === "length" ? cut() : text.trim();
        answers.push(answer);
        options.onAnswer?.(question, answer);
      }
      return answers;
    } finally {
      disposeDecoder(decoder);
      prepared.dispose();
    }
  } finally {
    disposeChatModel(chat);
  }
}
