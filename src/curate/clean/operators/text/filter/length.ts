/** `filter_length` and `filter_line_length`. */
import { z } from "zod";
import { textFilter } from "../../../operator.js";
import { countCharacters, countClasses } from "../scan/characterClasses.js";
import { countWords } from "../scan/words.js";
import { above, below } from "./reasons.js";

const limit = (byDefault: number | null, description: string) =>
  z.int().min(0).nullable().default(byDefault).describe(`${description}; null: no limit`);

/**
 * Leaves out conversations that are too short or too long. Words are counted only where the script
 * has words (fewer Chinese and Japanese characters than Latin words).
 */
export const filterLength = textFilter({
  name: "filter_length",
  summary: "remove rows with too few or too many characters or words",
  options: z.strictObject({
    minimum: limit(4, "minimum number of characters"),
    maximum: limit(200_000, "maximum number of characters"),
    minimum_words: limit(null, "minimum number of words, for scripts that have words"),
    maximum_words: limit(null, "maximum number of words, for scripts that have words"),
  }),
  prepare:
    ({ minimum, maximum, minimum_words, maximum_words }) =>
    (text) => {
      const characters = countCharacters(text);
      const byCharacters =
        below("characters", characters, minimum) ?? above("characters", characters, maximum);
      if (byCharacters || (minimum_words === null && maximum_words === null)) return byCharacters;
      const { han, kana } = countClasses(text);
      const words = countWords(text);
      if (han + kana > words / 2) return null;
      return below("words", words, minimum_words) ?? above("words", words, maximum_words);
    },
});

/**
 * Leaves out texts by the length of their lines, empty lines not counted: minified code and data
 * dumps have very long ones. data-juicer: "average_line_length_filter" and
 * "maximum_line_length_filter", both with a minimum of 10, which suits web text and not chat.
 */
export const filterLineLength = textFilter({
  name: "filter_line_length",
  summary: "remove rows whose average or longest line is too short or too long",
  options: z.strictObject({
    minimum_average: limit(null, "minimum average line length, in characters"),
    maximum_average: limit(null, "maximum average line length, in characters"),
    minimum_longest: limit(null, "minimum length of the longest line, in characters"),
    maximum_longest: limit(20_000, "maximum length of the longest line, in characters"),
  }),
  prepare: (options) => (text) => {
    let lines = 0;
    let total = 0;
    let longest = 0;
    for (const line of text.split("\n")) {
      if (line.trim() === "") continue;
      const length = countCharacters(line);
      lines++;
      total += length;
      longest = Math.max(longest, length);
    }
    const average = total / Math.max(1, lines);
    return (
      below("average line length", average, options.minimum_average) ??
      above("average line length", average, options.maximum_average) ??
      below("longest line", longest, options.minimum_longest) ??
      above("longest line", longest, options.maximum_longest)
    );
  },
});
