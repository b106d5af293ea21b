/** `filter_character_repetition` and `filter_word_repetition`: data-juicer's two measures. */
import { z } from "zod";
import { proseOnly } from "../scan/codeSpans.js";
import { numberNgrams } from "../scan/ngrams.js";
import { numberWords, wordsOf } from "../scan/words.js";
import { messageFilter } from "./messageFilter.js";
import { above } from "./reasons.js";

const common = {
  length: z.int().min(1).max(100).default(10).describe("length of the n-grams"),
  minimum_length: z
    .int()
    .min(0)
    .default(50)
    .describe("shorter texts are kept: too few n-grams to measure"),
  code: z.boolean().default(false).describe("count code too"),
};
const share = (byDefault: number) =>
  z.number().min(0).max(1).default(byDefault).describe("maximum fraction of repeated n-grams");

/**
 * Share of the most frequent character n-grams: the occurrences of the min(√d, r) most frequent of
 * the d distinct ones, r of which occur more than once, over all occurrences.
 * data-juicer's "character_repetition_filter" (n 10, at most 0.5), after Laurençon et al. 2022,
 * "The BigScience ROOTS Corpus".
 * @param units code points, [length]
 */
export function characterRepetition(units: Int32Array, n: number): number {
  const { counts } = numberNgrams(units, n);
  let repeated = 0;
  for (const count of counts) if (count > 1) repeated++;
  const top = Math.min(Math.floor(Math.sqrt(counts.length)), repeated);
  if (top === 0) return 0;
  const sorted = counts.sort();
  let occurrences = 0;
  for (let index = 0; index < top; index++) occurrences += sorted[sorted.length - 1 - index]!;
  return occurrences / (units.length - n + 1);
}

/**
 * Share of the word n-grams that occur more than once, each Chinese character being a word.
 * data-juicer's "word_repetition_filter" (n 10, at most 0.5), which splits on white space unless
 * it is given a model, so that a Chinese text is a handful of words there. The default here is 0.8: lists that treat three plants
 * or programs in the same words reach 0.75, loops of a model go on to 0.9 and more.
 * @param units word numbers, [length]
 */
export function wordRepetition(units: Int32Array, n: number): number {
  let repeated = 0;
  for (const count of numberNgrams(units, n).counts) if (count > 1) repeated += count;
  return repeated === 0 ? 0 : repeated / (units.length - n + 1);
}

export const filterCharacterRepetition = messageFilter({
  name: "filter_character_repetition",
  summary:
    "remove rows in which a few character n-grams make up most of the text (data-juicer's measure)",
  options: z.strictObject({ ...common, maximum: share(0.5) }),
  prepare:
    ({ length, maximum, minimum_length, code }) =>
    (text) => {
      const units = codePoints(code ? text : proseOnly(text));
      if (units.length < minimum_length) return null;
      return above("character repetition", characterRepetition(units, length), maximum);
    },
});

export const filterWordRepetition = messageFilter({
  name: "filter_word_repetition",
  summary:
    "remove rows in which most word n-grams are repeated; a Chinese character counts as a word",
  options: z.strictObject({ ...common, maximum: share(0.8) }),
  prepare:
    ({ length, maximum, minimum_length, code }) =>
    (text) => {
      const units = numberWords(wordsOf((code ? text : proseOnly(text)).toLowerCase()));
      if (units.length < minimum_length) return null;
      return above("word repetition", wordRepetition(units, length), maximum);
    },
});

function codePoints(text: string): Int32Array {
  const units = new Int32Array(text.length);
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const codePoint = text.codePointAt(index)!;
    if (codePoint > 0xffff) index++;
    units[count++] = codePoint;
  }
  return units.subarray(0, count);
}
