/** How near an answer is to the one that a reference has. */
import { strip } from "../python/index.js";
import { wordsOf } from "./units.js";

export interface Agreement {
  /** 1 where both are the same text, up to white space around them. */
  exact_match: number;
  /** F1 of the characters that both have, whatever their order, without white space. */
  char_f1: number;
  /**
   * F1 of the longest common subsequence of words and single East Asian characters: ROUGE-L of Lin (2004)
   * with equal weights.
   */
  rouge_l: number;
}

export function agreement(answer: string, reference: string): Agreement {
  const [words, expected] = [wordsOf(answer), wordsOf(reference)];
  const [characters, wanted] = [answer, reference].map((text) => [...text.replace(/\s/gu, "")]);
  return {
    exact_match: strip(answer) === strip(reference) ? 1 : 0,
    char_f1: f1(commonCount(characters!, wanted!), characters!.length, wanted!.length),
    rouge_l: f1(longestCommon(words, expected), words.length, expected.length),
  };
}

/** Two empty texts agree. */
function f1(common: number, ours: number, theirs: number): number {
  return ours + theirs === 0 ? 1 : (2 * common) / (ours + theirs);
}

function commonCount(ours: readonly string[], theirs: readonly string[]): number {
  const left = new Map<string, number>();
  for (const one of theirs) left.set(one, (left.get(one) ?? 0) + 1);
  let common = 0;
  for (const one of ours) {
    const count = left.get(one) ?? 0;
    if (count > 0) common++;
    left.set(one, count - 1);
  }
  return common;
}

/** Length of the longest common subsequence. */
function longestCommon(ours: readonly string[], theirs: readonly string[]): number {
  let row = new Int32Array(theirs.length + 1);
  for (const one of ours) {
    const next = new Int32Array(theirs.length + 1);
    theirs.forEach((other, i) => {
      next[i + 1] = one === other ? row[i]! + 1 : Math.max(row[i + 1]!, next[i]!);
    });
    row = next;
  }
  return row.at(-1)!;
}
