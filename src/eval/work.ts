/** How much an evaluation has to do, so that the time that it takes can be told from what is done. */
import { type Dialogue, MAX_NEW_TOKENS } from "./dialogue/index.js";
import { limitOf, type Question } from "./questions.js";
import type { Task } from "./types.js";

/**
 * Work by kind, since the two go at speeds of their own. A unit is a byte of UTF-8 that the model reads:
 * bytes are nearer to tokens than characters are, in Chinese and English both.
 */
export interface Work {
  scoring: number;
  generating: number;
}

export const noWork: Work = { scoring: 0, generating: 0 };

export function addWork(a: Work, b: Work): Work {
  return {
    scoring: a.scoring + b.scoring,
    generating: a.generating + b.generating,
  };
}

/** Units of work of one token that is generated: it is made alone, where those of a prompt go together. */
const GENERATED_TOKEN = 32;

/** The work of each question of a task. What prompts begin with alike is read once. */
export function workOfQuestions(task: Task, questions: readonly Question[]): Work[] {
  const reading = newBytes(questions.map(({ context }) => context));
  return questions.map(({ doc }, i): Work => {
    if (task.kind === "loglikelihood") {
      const choices = task.choices(doc).reduce((sum, choice) => sum + Buffer.byteLength(choice), 0);
      return { ...noWork, scoring: reading[i]! + choices };
    }
    const { repeats = 1, maxNewTokens } = task;
    return { ...noWork, generating: reading[i]! + repeats * maxNewTokens * GENERATED_TOKEN };
  });
}

/** The work of each turn of a dialogue; what was said before it is not read again. */
export function workOfDialogue({ turns }: Dialogue, limit?: number): Work[] {
  return turns.slice(0, limitOf(limit, turns.length)).map(({ question }) => ({
    ...noWork,
    generating: Buffer.byteLength(question) + MAX_NEW_TOKENS * GENERATED_TOKEN,
  }));
}

/** Bytes of each text after what it has in common with the one before it in alphabetical order. */
function newBytes(texts: readonly string[]): number[] {
  const order = texts.map((_, i) => i).sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1));
  const bytes = texts.map(() => 0);
  order.forEach((place, i) => {
    const text = texts[place]!;
    const before = i === 0 ? "" : texts[order[i - 1]!]!;
    bytes[place] = Buffer.byteLength(text.slice(commonLength(text, before)));
  });
  return bytes;
}

function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}
