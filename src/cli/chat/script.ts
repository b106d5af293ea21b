/** Replays a list of user turns. */
import { readFileSync } from "node:fs";
import { type ChatSession, reply, type Turn } from "../../generate/index.js";
import type { Message } from "../../text/index.js";
import { DataError } from "../../util/errors.js";
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
 * Reads user turns from a JSON array of strings, or from a text file with one turn per line.
 *
 * @param file a path, or - for standard input
 * @throws DataError if it cannot be read, or contains something else or no turn at all
 */
export function readScript(file: string): string[] {
  const name = file === "-" ? "standard input" : file;
  let text: string;
  try {
    text = readFileSync(file === "-" ? 0 : file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    throw new DataError(`${name}: cannot be read`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: "give a JSON array of user turns, or a text file with one turn per line",
      cause,
    });
  }
  const turns =
    file.endsWith(".json") || text.trimStart().startsWith("[")
      ? jsonTurns(text, name)
      : text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (turns.length === 0) throw new DataError(`${name}: contains no user turn`);
  return turns;
}

function jsonTurns(text: string, name: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${name}: is not valid JSON`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: 'write it as ["first question", "second question"]',
      cause,
    });
  }
  const wrong = Array.isArray(value) ? value.findIndex((turn) => typeof turn !== "string") : 0;
  if (!Array.isArray(value) || wrong >= 0) {
    const what = Array.isArray(value) ? `entry ${wrong + 1} is not a string` : "it is not an array";
    throw new DataError(`${name}: expected a JSON array of user turns, but ${what}`, {
      todo: 'write it as ["first question", "second question"]',
    });
  }
  return value;
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
