/** Metrics of a text against the right ones. Of several right texts the best counts. */
import { comparable, type ExactMatchOptions, exactMatch } from "../../filters.js";

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

/** Harmonic mean of precision and recall. */
function harmonic(common: number, given: number, right: number): number {
  if (given === 0 || right === 0) return given === right ? 1 : 0;
  return (2 * common) / (given + right);
}

/** Words in common, each as often as in both (as SQuAD's F1: Rajpurkar et al., 2016, arXiv 1606.05250). */
export function wordF1(given: string, right: string): number {
  const givenWords = wordsOf(given);
  const rightWords = wordsOf(right);
  const left = new Map<string, number>();
  for (const word of rightWords) left.set(word, (left.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of givenWords) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    common++;
  }
  return harmonic(common, givenWords.length, rightWords.length);
}

/** F1 of the longest common subsequence of words (ROUGE-L: Lin, 2004, ACL W04-1013). */
export function rougeL(given: string, right: string): number {
  const a = wordsOf(given);
  const b = wordsOf(right);
  let row = new Uint32Array(b.length + 1);
  for (const word of a) {
    const next = new Uint32Array(b.length + 1);
    for (let j = 1; j <= b.length; j++) {
      next[j] = word === b[j - 1] ? row[j - 1]! + 1 : Math.max(row[j]!, next[j - 1]!);
    }
    row = next;
  }
  return harmonic(row[b.length]!, a.length, b.length);
}

export const textMetrics: Readonly<Record<string, TextMetric["score"]>> = {
  exact_match: exactMatch,
  contains: (given, right, options) =>
    comparable(given, options).includes(comparable(right, options)) ? 1 : 0,
  /** The right text is a regular expression. */
  regex: (given, right) => (new RegExp(right, "u").test(given) ? 1 : 0),
  f1: wordF1,
  rouge_l: rougeL,
};
