/** Metrics of a text against the right ones. Of several right texts the best counts. */
import { comparable, type ExactMatchOptions, exactMatch } from "../../filters.js";
import { commonF1, longestCommonF1 } from "../../textOverlap.js";

export interface TextMetric {
  name: string;
  score(given: string, right: string, options: ExactMatchOptions): number;
}

/**
 * Words without case and punctuation; of Chinese and Japanese, characters, since nothing stands between
 * their words.
 */
export function wordsOf(text: string): string[] {
  const ideographs = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}";
  const pattern = new RegExp(`[${ideographs}]|[[\\p{L}\\p{M}\\p{N}]--[${ideographs}]]+`, "gv");
  return text.toLowerCase().match(pattern) ?? [];
}

export const textMetrics: Readonly<Record<string, TextMetric["score"]>> = {
  exact_match: exactMatch,
  contains: (given, right, options) =>
    comparable(given, options).includes(comparable(right, options)) ? 1 : 0,
  /** The right text is a regular expression. */
  regex: (given, right) => (new RegExp(right, "u").test(given) ? 1 : 0),
  f1: (given, right) => commonF1(wordsOf(given), wordsOf(right)),
  rouge_l: (given, right) => longestCommonF1(wordsOf(given), wordsOf(right)),
};
