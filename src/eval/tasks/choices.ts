/** What questions with lettered choices have in common. */
import { DataError } from "../../util/errors.js";
import { choiceAccuracies } from "../metrics.js";
import type { ChoiceTask, Loglikelihood, Scores } from "../types.js";

export const LETTERS: readonly string[] = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

/** A question whose choices have letters. */
export interface LetteredQuestion {
  question: string;
  choices: readonly string[];
  /** Letter of the right choice. */
  answer: string;
}

/** What a task says of itself, however it asks. */
export type TaskIdentity<Doc> = Pick<
  ChoiceTask<Doc>,
  "name" | "protocol" | "version" | "benchmark" | "category" | "subject" | "docs"
>;

/** `A. first\nB. second` */
export function letteredLines(choices: readonly string[], separator = ". "): string {
  return choices.map((choice, i) => `${LETTERS[i]}${separator}${choice}`).join("\n");
}

/**
 * A right answer as files have it: A to D.
 *
 * @param where the row, for messages
 * @throws DataError for anything else
 */
export function checkLetter(answer: string, where: string): string {
  if (/^[A-D]$/.test(answer)) return answer;
  throw new DataError(`the answer in ${where} is ${JSON.stringify(answer)}`, {
    why: "it must be A, B, C or D",
    todo: "get the file anew, or correct it",
  });
}

/** The parts of a task in which the likeliest letter is the answer. */
export function letterChoice<Doc extends LetteredQuestion>(
  metrics: readonly ("acc" | "acc_norm")[],
): Pick<ChoiceTask<Doc>, "kind" | "metrics" | "choices" | "target" | "score"> {
  const target = ({ answer }: Doc) => LETTERS.indexOf(answer);
  const choices = (doc: Doc) => LETTERS.slice(0, doc.choices.length);
  return {
    kind: "loglikelihood",
    metrics,
    choices,
    target,
    score(doc, answers: readonly Loglikelihood[]): Scores {
      const scores = choiceAccuracies(answers, choices(doc), target(doc));
      return Object.fromEntries(metrics.map((metric) => [metric, scores[metric]]));
    },
  };
}
