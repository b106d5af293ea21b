/** What is measured of each answer in a dialogue. */
import type { SpokenTurn } from "../types.js";
import { agreement } from "./agreement.js";
import { type DetectLanguage, isOtherLanguage } from "./language.js";
import { findLoops, overlap, repetition } from "./repetition.js";
import type { DialogueTurn } from "./script.js";

/**
 * Measures by name; `true`: more is better, `false`: less is; undefined: neither.
 *
 * - `repetition`: share of the answer's sequences of four units (words, single East Asian characters,
 *   signs) that it had before
 * - `longest_repeat`: units of the longest stretch that is one sequence said over and over
 * - `looping`: 1 where the answer ends so and was cut off for its length
 * - `overlap`: share of sequences of four units that an earlier answer had; not of the first answer
 * - `cut_off`: 1 where the answer reached the limit of its length
 * - `ended`: 1 where the model ended it
 * - `other_language`: 1 where question and answer are in different languages, where that can be told
 * - `tokens` (with the end token), `characters`: length
 * - `exact_match`, `char_f1`, `rouge_l`: agreement with the reference, where there is one
 */
export const measures = {
  repetition: false,
  longest_repeat: false,
  looping: false,
  overlap: false,
  cut_off: false,
  ended: true,
  other_language: false,
  tokens: undefined,
  characters: undefined,
  exact_match: true,
  char_f1: true,
  rouge_l: true,
} as const;

export type Measure = keyof typeof measures;

/** @param earlier the answers before it, in the same conversation */
export function measureAnswer(
  { question, reference }: DialogueTurn,
  { text, tokens, finishReason }: SpokenTurn,
  earlier: readonly string[],
  detect: DetectLanguage,
): Partial<Record<Measure, number>> {
  const loops = findLoops(text);
  const isCutOff = finishReason === "length";
  const isOther = isOtherLanguage(question, text, detect);
  const again = earlier.length === 0 ? undefined : overlap(text, earlier);
  return {
    repetition: repetition(text),
    longest_repeat: loops.longest,
    looping: isCutOff && loops.atEnd ? 1 : 0,
    ...(again === undefined ? {} : { overlap: again }),
    cut_off: isCutOff ? 1 : 0,
    ended: finishReason === "stop" ? 1 : 0,
    ...(isOther === undefined ? {} : { other_language: isOther ? 1 : 0 }),
    tokens,
    characters: [...text].length,
    ...(reference === undefined ? {} : agreement(text, reference)),
  };
}
