/** From the parts of a prompt to what a model is shown: one text, or a conversation. */
import { stripEnd, stripStart } from "../util/codePoints.js";
import type { ChatMessage, Prompt } from "./types.js";

/**
 * A task's prompts, where an example is a question with its answer.
 *
 * @param text of a question
 * @param delimiters default: lm-evaluation-harness's
 */
export function promptsOf<Doc extends { answer: string }>(
  description: string,
  text: (doc: Doc) => string,
  delimiters: Prompt["delimiters"] = { answer: " ", shot: "\n\n" },
): (doc: Doc, shots: readonly Doc[]) => Prompt {
  return (doc, shots) => ({
    description,
    shots: shots.map((shot) => ({ question: text(shot), answer: shot.answer })),
    question: text(doc),
    delimiters,
  });
}

/**
 * A prompt as a base model is shown it.
 *
 * @param system instruction before the task's own description
 */
export function plainContext(prompt: Prompt, system = ""): string {
  const { description, shots, turns = [], question, answerPrefix = "" } = prompt;
  const start = question + delimiterBefore(question, prompt) + answerPrefix;
  return joined(system, description) + exchangesText([...shots, ...turns], prompt) + start;
}

/** Examples or turns one after the other, each with its delimiters. */
function exchangesText(
  exchanges: readonly { question: string; answer: string }[],
  prompt: Prompt,
): string {
  const { delimiters, answerPrefix } = prompt;
  return exchanges
    .map(({ question, answer }) => {
      const between = answerPrefix ? delimiterBefore(question, prompt) : delimiters.answer;
      return question + between + wholeAnswer(answer, prompt) + delimiters.shot;
    })
    .join("");
}

/** The delimiter between a question and the words that its answer is made to begin with. */
function delimiterBefore(question: string, { delimiters, answerPrefix = "" }: Prompt): string {
  const isNeeded = answerPrefix !== "" && question !== "" && needsDelimiter(question, answerPrefix);
  return isNeeded ? delimiters.answer : "";
}

/** The answer of an example, with the words that answers are made to begin with. */
function wholeAnswer(answer: string, { answerPrefix = "" }: Prompt): string {
  return joined(answerPrefix, answer, " ");
}

/** How a prompt becomes a conversation. */
export interface ChatForm {
  /** Whether each example is a turn of its own; otherwise all stand before the one question. */
  shotsAsTurns: boolean;
}

/**
 * A prompt as a conversation: its description is the system message, after the user's own instruction.
 *
 * @see lm-evaluation-harness 0.4.13, `fewshot_context` with a chat template
 */
export function chatMessages(
  prompt: Prompt,
  { shotsAsTurns }: ChatForm,
  system = "",
): ChatMessage[] {
  const { description, shots, turns = [], question } = prompt;
  const instruction = joined(system, description);
  const messages: ChatMessage[] =
    instruction === "" ? [] : [{ role: "system", content: instruction }];
  const before = shotsAsTurns ? "" : exchangesText(shots, prompt);
  const exchanges = shotsAsTurns ? [...shots, ...turns] : turns;
  const questions = [...exchanges.map((exchange) => exchange.question), question];
  questions.forEach((content, i) => {
    messages.push({ role: "user", content: i === 0 ? before + content : content });
    const said = exchanges[i];
    if (said) messages.push({ role: "assistant", content: wholeAnswer(said.answer, prompt) });
  });
  return messages;
}

/** The delimiter between the words that an answer is made to begin with, and the answer. */
export function delimiterAfter(answerPrefix: string, delimiter: string): string {
  return answerPrefix !== "" && stripEnd(answerPrefix) === answerPrefix ? delimiter : "";
}

/** Two texts, with a delimiter between them where there is no white space. */
function joined(first: string, second: string, delimiter = "\n\n"): string {
  if (first === "" || second === "") return first + second;
  return needsDelimiter(first, second) ? first + delimiter + second : first + second;
}

function needsDelimiter(first: string, second: string): boolean {
  return stripEnd(first) === first && stripStart(second) === second;
}
