/** Replays a list of user turns. */
import { type ChatSession, reply, type Turn } from "../../generate/index.js";
import type { Message } from "../../text/index.js";
import { DataError, TunewrightError } from "../../util/errors.js";
import { abortOnSignals, Interrupted } from "../../util/signals.js";
import { reportError } from "../errors.js";
import { stderr, stdout } from "../output.js";
import { forgottenLine, summaryLine } from "./summary.js";

/** What `chat --script FILE --json` prints. */
export interface Transcript {
  messages: Message[];
  turns: {
    prompt_tokens: number;
    completion_tokens: number;
    token_ids: number[];
    /** `error` where there is no answer. */
    finish_reason: string;
    error?: string;
  }[];
}

/**
 * Asks all questions one after the other, in a single conversation. Each has its place in the result:
 * one that cannot be answered has an empty answer, which the conversation leaves out.
 *
 * @param show write the conversation to stdout as it goes
 * @throws Interrupted if a signal stopped it
 */
export async function replay(
  session: ChatSession,
  questions: readonly string[],
  show: boolean,
): Promise<Transcript> {
  const { signal, done } = abortOnSignals();
  const answered: Turn[] = [];
  const messages: Message[] = [...session.messages];
  const turns: Transcript["turns"] = [];
  const print = (text: string) => void (show && stdout.write(text));
  try {
    for (const [index, question] of questions.entries()) {
      print(`${index > 0 ? "\n" : ""}User: ${question}\nAssistant: `);
      const place = `[${index + 1}/${questions.length}]`;
      let text = "";
      try {
        const turn = await answer(session, question, signal, print);
        if (turn.finishReason === "aborted") throw signal.reason;
        stderr.write(`${forgottenLine(turn)}${place} ${summaryLine([turn])}\n`);
        answered.push(turn);
        turns.push(entryOf(turn));
        ({ text } = turn);
      } catch (error) {
        if (!(error instanceof TunewrightError) || error instanceof Interrupted) throw error;
        stderr.write(`${place} ${reportError(error, false).lines.join("\n")}\n`);
        turns.push(failedEntry(error));
      } finally {
        print("\n");
      }
      messages.push({ role: "user", content: question }, { role: "assistant", content: text });
      // Nobody reads the answers any more: `chat --script … | head -3`.
      if (show && stdout.closed) break;
    }
  } finally {
    done();
  }
  if (answered.length > 1) stderr.write(`${summaryLine(answered)}\n`);
  return { messages, turns };
}

async function answer(
  session: ChatSession,
  question: string,
  signal: AbortSignal,
  print: (text: string) => void,
): Promise<Turn> {
  const turn = reply(session, question, signal);
  let step = await turn.next();
  for (; !step.done; step = await turn.next()) print(step.value);
  return step.value;
}

function entryOf({ promptTokens, tokenIds, finishReason }: Turn): Transcript["turns"][number] {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: tokenIds.length,
    token_ids: tokenIds,
    finish_reason: finishReason,
  };
}

function failedEntry({ message }: TunewrightError): Transcript["turns"][number] {
  return {
    prompt_tokens: 0,
    completion_tokens: 0,
    token_ids: [],
    finish_reason: "error",
    error: message,
  };
}

/** @throws DataError where a question could not be answered */
export function requireAnswers({ turns }: Transcript): void {
  const failed = turns.filter(({ finish_reason }) => finish_reason === "error").length;
  if (failed === 0) return;
  throw new DataError(`${failed} of ${turns.length} questions could not be answered`, {
    why: "the reasons are above; each has an empty answer",
    todo: "correct them and ask again",
  });
}
