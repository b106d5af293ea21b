/** How near an answer is to the one that a reference has. */
import { strip } from "../python/index.js";
import { commonF1, longestCommonF1 } from "../textOverlap.js";
import { wordsOf } from "./units.js";

export interface Agreement {
  /** 1 where both are the same text, up to white space around them. */
  exact_match: number;
  /** F1 of the characters that both have, whatever their order, without white space. */
  char_f1: number;
  /** ROUGE-L of words and single East Asian characters. */
  rouge_l: number;
}

export function agreement(answer: string, reference: string): Agreement {
  const [words, expected] = [wordsOf(answer), wordsOf(reference)];
  const [characters, wanted] = [answer, reference].map((text) => [...text.replace(/\s/gu, "")]);
  return {
    exact_match: strip(answer) === strip(reference) ? 1 : 0,
    char_f1: commonF1(characters!, wanted!),
    rouge_l: longestCommonF1(words, expected),
  };
}
