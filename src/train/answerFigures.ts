/** What can be counted of a model's answers without knowing the right ones. */
import { countRepeated, type DetectLanguage, isOtherLanguage } from "../eval/index.js";

/** An answer to a question. */
export interface AnsweredTurn {
  user: string;
  text: string;
  /** Without the end token. */
  tokenIds: readonly number[];
  isCutOff: boolean;
}

/** Figures of a dialogue, each a share but for `answer_tokens`. */
export interface AnswerFigures {
  repetition_rate: number;
  repeated_answer_rate: number;
  cut_off_rate: number;
  wrong_language_rate: number | null;
  answer_tokens: number;
}

/** @param turns of a dialogue, in order; at least one */
export function measureAnswers(
  turns: readonly AnsweredTurn[],
  detect: DetectLanguage,
): AnswerFigures {
  const runs = turns.map(({ tokenIds }) => countRepeated(tokenIds));
  const all = sum(runs.map((counts) => counts.all));
  const texts = turns.map(({ text }) => text.trim());
  const judged = turns.flatMap(({ user, text }) => isOtherLanguage(user, text, detect) ?? []);
  return {
    repetition_rate: all === 0 ? 0 : sum(runs.map((counts) => counts.repeated)) / all,
    repeated_answer_rate: share(texts, (text, i) => text !== "" && texts.indexOf(text) < i),
    cut_off_rate: share(turns, ({ isCutOff }) => isCutOff),
    wrong_language_rate: judged.length === 0 ? null : share(judged, (isOther) => isOther),
    answer_tokens: sum(turns.map(({ tokenIds }) => tokenIds.length)) / turns.length,
  };
}

function share<Value>(
  values: readonly Value[],
  isCounted: (value: Value, index: number) => boolean,
): number {
  return values.filter(isCounted).length / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
