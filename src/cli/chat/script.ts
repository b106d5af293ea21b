/** Replays a list of user turns. */
import { type ChatSession, reply, type Turn } from "../../generate/index.js";
import type { Message } from "../../text/index.js";
import { abortOnSignals } from "../../util/signals.js";
import { stderr, stdout } from "../output.js";
import { forgottenLine, summaryLine } from "./summary.js";

/** What `chat --script FILE --json` prints. */
export interface Transcript {
  messages: Message[];
  turns: {
    prompt_tokens: number;
    completion_tokens: number;
    token_ids: number[];
    finish_reason: string;
  }[];
}

/**
 * Asks all questions one after the other, in a single conversation.
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
  const turns: Turn[] = [];
  const print = (text: string) => void (show && stdout.write(text));
  try {
    for (const [index, question] of questions.entries()) {
      print(`${index > 0 ? "\n" : ""}User: ${question}\nAssistant: `);
      const answer = reply(session, question, signal);
      let step = await answer.next();
      for (; !step.done; step = await answer.next()) print(step.value);
      print("\n");
      if (step.value.finishReason === "aborted") throw signal.reason;
      turns.push(step.value);
      stderr.write(
        `${forgottenLine(step.value)}[${index + 1}/${questions.length}] ${summaryLine([step.value])}\n`,
      );
    }
  } finally {
    done();
  }
  if (turns.length > 1) stderr.write(`${summaryLine(turns)}\n`);
  return {
    messages: session.messages,
    turns: turns.map(({ promptTokens, tokenIds, finishReason }) => ({
      prompt_tokens: promptTokens,
      completion_tokens: tokenIds.length,
      token_ids: tokenIds,
      finish_reason: finishReason,
    })),
  };
}
