/** From rows to questions, by kind of task; what a row lacks is told with its place. */
import { DataError } from "../../../util/errors.js";
import { strip } from "../../python/index.js";
import { LETTERS, letteredLines } from "../choices.js";
import { fieldOf, fillTemplate, type OwnRow, textOf, textsOf } from "./rows.js";
import type { OwnTaskOf } from "./schema.js";

/** A question of the user's own. */
export interface OwnDoc {
  question: string;
  /** As examples show it. */
  answer: string;
  /** The row that it was made from. */
  fields: Readonly<Record<string, unknown>>;
}

export interface ChoiceDoc extends OwnDoc {
  /** What the model may answer with. */
  choices: readonly string[];
  /** Places of the right choices. */
  gold: readonly number[];
}

export interface TextDoc extends OwnDoc {
  /** Any of these is right. */
  right: readonly string[];
}

export interface ConversationDoc extends TextDoc {
  system: string;
  turns: readonly { question: string; answer: string }[];
}

export interface RefusalDoc extends OwnDoc {
  shouldRefuse: boolean | undefined;
}

export function choiceDoc(row: OwnRow, task: OwnTaskOf<"multiple_choice">): ChoiceDoc {
  const texts = choicesOf(row, task.choices);
  if (texts.length < 2 || texts.length > LETTERS.length) {
    throw new DataError(`${row.where}: there are ${texts.length} choices`, {
      todo: `give 2 to ${LETTERS.length}`,
    });
  }
  const choices = task.answered_by === "letter" ? LETTERS.slice(0, texts.length) : texts;
  const gold = textsOf(row, task.answer).map((answer) => placeOf(answer, texts, row, task));
  if (gold.length === 0) throw new DataError(`${row.where}: ${task.answer} names no choice`);
  const question = fillTemplate(task.prompt, row, { choices: letteredLines(texts) });
  return { question, choices, gold, answer: choices[gold[0]!]!, fields: row.fields };
}

function choicesOf(row: OwnRow, choices: OwnTaskOf<"multiple_choice">["choices"]): string[] {
  if (typeof choices === "string") return textsOf(row, choices);
  return Array.isArray(choices) ? choices.map((name) => textOf(row, name)) : choices.texts;
}

function placeOf(
  answer: string,
  texts: readonly string[],
  row: OwnRow,
  { answer: name, answer_form: form }: OwnTaskOf<"multiple_choice">,
): number {
  const places = {
    letter: () => LETTERS.indexOf(strip(answer).toUpperCase()),
    index: () => (/^\d+$/.test(answer) ? Number(answer) : -1),
    number: () => (/^\d+$/.test(answer) ? Number(answer) - 1 : -1),
    text: () => texts.findIndex((text) => strip(text) === strip(answer)),
  };
  const place = places[form]();
  if (place >= 0 && place < texts.length) return place;
  throw new DataError(`${row.where}: ${name} is ${JSON.stringify(answer)}`, {
    why: `it must be the ${form} of one of ${texts.length} choices`,
    todo: "correct the row, or say with answer_form how the answer is written",
  });
}

export function answerDoc(row: OwnRow, task: OwnTaskOf<"question_answer">): TextDoc {
  const right = textsOf(row, task.answer);
  if (right.length === 0) throw new DataError(`${row.where}: ${task.answer} has no answer`);
  if (task.metrics?.includes("regex")) checkPatterns(right, row);
  return {
    question: fillTemplate(task.prompt, row),
    answer: right[0]!,
    right,
    fields: row.fields,
  };
}

function checkPatterns(sources: readonly string[], { where }: OwnRow): void {
  for (const source of sources) {
    try {
      new RegExp(source, "u");
    } catch (cause) {
      throw new DataError(`${where}: ${source} is not a regular expression`, {
        why: (cause as Error).message,
        cause,
      });
    }
  }
}

/** The last turn of the assistant is asked for; what comes after it, such as thanks, does not count. */
export function conversationDoc(row: OwnRow, task: OwnTaskOf<"conversation">): ConversationDoc {
  const messages = row.messages ?? [];
  const end = messages.findLastIndex(({ role }) => role === "assistant");
  const spoken = messages.slice(0, end + 1).filter(({ role }) => role !== "system");
  const takesTurns = spoken.every(({ role }, i) => role === (i % 2 === 0 ? "user" : "assistant"));
  const isLate = messages.some(({ role }, i) => role === "system" && i > 0);
  if (spoken.length === 0 || !takesTurns || isLate) {
    throw new DataError(`${row.where}: no turn of the assistant can be asked for`, {
      why: "user and assistant must take turns, after at most one system message",
      todo: "correct or remove the row",
    });
  }
  const question = (i: number) => fillTemplate(task.prompt, row, { user: spoken[i]!.content });
  const places = spoken.map((_, i) => i).filter((i) => i % 2 === 0);
  const last = places.pop()!;
  const answer = spoken[last + 1]!.content;
  return {
    system: messages[0]?.role === "system" ? messages[0].content : "",
    turns: places.map((i) => ({ question: question(i), answer: spoken[i + 1]!.content })),
    question: question(last),
    answer,
    right: [answer],
    fields: row.fields,
  };
}

export function refusalDoc(row: OwnRow, task: OwnTaskOf<"refusal">): RefusalDoc {
  return {
    question: fillTemplate(task.prompt, row),
    answer: "",
    shouldRefuse: task.should_refuse === undefined ? undefined : yesOrNo(row, task.should_refuse),
    fields: row.fields,
  };
}

function yesOrNo(row: OwnRow, name: string): boolean {
  const value = String(fieldOf(row, name)).toLowerCase();
  if (["true", "1", "yes"].includes(value)) return true;
  if (["false", "0", "no"].includes(value)) return false;
  throw new DataError(`${row.where}: ${name} is ${value}`, { todo: "it must be true or false" });
}
