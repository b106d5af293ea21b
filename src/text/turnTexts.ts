/**
 * What a chat template writes around messages, found by rendering: enough to write the same conversations
 * in another language for templates.
 */
import { TunewrightError } from "../util/errors.js";
import type { Tokenizer } from "./tokenizer.js";
import type { ChatTemplate, Message } from "./types.js";

/** A conversation is `opening`, question, `answer`, answer, `next`, question, …, question, `prompt`. */
export interface TurnTexts {
  /** Before the first question, where there is no system message. */
  opening: string;
  /** Before and behind a system message, up to the first question; null for a format without. */
  system: readonly [string, string] | null;
  /** From a question to its answer, in the past. */
  answer: string;
  /** From an answer to the next question. */
  next: string;
  /** From the last question to the answer that is to be written. */
  prompt: string;
  /** Whether white space around messages is cut somewhere. */
  trims: boolean;
}

/** Words that no template has. */
const marks = ["qSystemq", "qFirstq", "qAnswerq", "qSecondq"] as const;

const user = (content: string): Message => ({ role: "user", content });
const assistant = (content: string): Message => ({ role: "assistant", content });
const system = (content: string): Message => ({ role: "system", content });

/**
 * Finds the texts of a template, and tries them on conversations of all kinds: with and without system
 * message, of one and more turns, of several lines and scripts.
 *
 * @returns why there are none, where the template writes more than such texts
 */
export function turnTexts(template: ChatTemplate, tokenizer: Tokenizer): TurnTexts | string {
  const written = (messages: readonly Message[]) => conversationText(template, tokenizer, messages);
  try {
    const [s, one, reply, two] = marks;
    const [opening, prompt] = around(written([user(one)]), [one]);
    const [, answer, next] = around(written([user(one), assistant(reply), user(two)]), [
      one,
      reply,
      two,
    ]);
    const head = attempt(() => around(written([system(s), user(one)]), [s, one]));
    const texts: TurnTexts = {
      opening: opening!,
      system: head === undefined ? null : [head[0]!, head[1]!],
      answer: answer!,
      next: next!,
      prompt: prompt!,
      trims: false,
    };
    const edges = [[user(" \nq\n ")], [user("q"), assistant(" \nr\n "), user("s")]];
    if (head !== undefined) edges.push([system("\n s \n"), user("q")]);
    texts.trims = edges.some((messages) => written(messages) !== writeTurns(texts, messages));
    const other = probes(texts).find(
      (messages) => written(messages) !== writeTurns(texts, messages),
    );
    if (other === undefined) return texts;
    return "it writes more than fixed texts around messages";
  } catch (error) {
    if (error instanceof TunewrightError) return error.message;
    throw error;
  }
}

/** The text of a conversation that the model is to answer; ids stand for the texts of their tokens. */
export function conversationText(
  template: ChatTemplate,
  tokenizer: Tokenizer,
  messages: readonly Message[],
): string {
  const options = { addGenerationPrompt: true, promptOnly: true };
  return template
    .render(messages, options)
    .map((segment) =>
      "text" in segment
        ? segment.text
        : segment.ids.map((id) => tokenizer.idToToken(id) ?? "").join(""),
    )
    .join("");
}

/** What the texts make of a conversation. */
export function writeTurns(texts: TurnTexts, messages: readonly Message[]): string {
  const [first] = messages;
  const hasSystem = first?.role === "system";
  const turns = hasSystem ? messages.slice(1) : messages;
  const [before, behind] = texts.system ?? ["", ""];
  const parts = [hasSystem ? `${before}${first.content}${behind}` : texts.opening];
  for (const [i, message] of turns.entries()) {
    const isLast = i === turns.length - 1;
    const after = message.role === "assistant" ? texts.next : isLast ? texts.prompt : texts.answer;
    parts.push(message.content, after);
  }
  return parts.join("");
}

/** Where white space around messages is cut somehow, it is left to the messages to have none. */
function probes({ system: head, trims }: TurnTexts): Message[][] {
  const edged = trims ? [] : [" 1 {{ b }} ", "\nx\n\n  y\n"];
  const contents = ["a", "你好，世界", "x\n\n  y", '"""<|q|>', ...edged];
  const turns = contents.flatMap((content) => [user(content), assistant(`${content} z`)]);
  const plain = [turns.slice(0, 1), turns.slice(2, 5), [...turns, user("end")]];
  if (head === null) return plain;
  const heads = ["Be brief.", trims ? "请用中文" : " 请用中文\n回答。 "];
  return [...plain, ...heads.flatMap((text) => plain.map((one) => [system(text), ...one]))];
}

/** What stands before, between and behind words that occur once, in this order. */
function around(text: string, words: readonly string[]): string[] {
  const parts: string[] = [];
  let at = 0;
  for (const word of words) {
    const found = text.indexOf(word, at);
    if (found < 0) throw new TunewrightError("it does not write every message");
    parts.push(text.slice(at, found));
    at = found + word.length;
  }
  return [...parts, text.slice(at)];
}

/** Nothing where a template refuses a conversation. */
function attempt<Result>(make: () => Result): Result | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof TunewrightError) return undefined;
    throw error;
  }
}
