/** What questions with lettered choices have in common. */
import { choiceAccuracies } from "../metrics.js";
import type { ChoiceTask, Loglikelihood, Scores } from "../types.js";

export const LETTERS: readonly string[] = ["A", "B", "C", "D", "E", "F", "G"];

/** A question whose choices have letters. */
export interface LetteredQuestion {
  question: string;
  choices: readonly string[];
  /** Letter of the right choice. */
  answer: string;
}

/** `A. first\nB. second` */
export function letteredLines(choices: readonly string[], separator = ". "): string {
  return choices.map((choice, i) => `${LETTERS[i]}${separator}${choice}`).join("\n");
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
