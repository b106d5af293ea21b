/** `filter_gopher_quality`: the quality rules of Gopher, for web text. */
import { z } from "zod";
import { textFilter } from "../../../operator.js";
import { above, below } from "../filter/reasons.js";
import { countClasses } from "../scan/characterClasses.js";
import { textLines, wordTokens } from "./tokens.js";

const stopWords = new Set(["the", "be", "to", "of", "and", "that", "have", "with"]);
const limit = (byDefault: number, description: string) =>
  z.number().min(0).nullable().default(byDefault).describe(`${description}; null: no limit`);

/**
 * The quality rules of Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from
 * Training Gopher" (https://arxiv.org/abs/2112.11446, A.1.1), with the limits published there. The
 * rules on word length and stop words are for English and are passed over where the text is mostly
 * Chinese or Japanese. For pages of web text: short answers fail them.
 */
export const filterGopherQuality = textFilter({
  name: "filter_gopher_quality",
  summary: "Gopher's quality rules for web pages: words, symbols, bullets, ellipses, stop words",
  options: z.strictObject({
    minimum_words: limit(50, "minimum number of words"),
    maximum_words: limit(100_000, "maximum number of words"),
    minimum_word_length: limit(3, "minimum mean word length"),
    maximum_word_length: limit(10, "maximum mean word length"),
    maximum_symbols: limit(0.1, "maximum number of hash signs, or of ellipses, per word"),
    maximum_bullet_lines: limit(0.9, "maximum fraction of lines that start with a bullet"),
    maximum_ellipsis_lines: limit(0.3, "maximum fraction of lines that end with an ellipsis"),
    minimum_words_with_letters: limit(0.8, "minimum fraction of words with a letter"),
    minimum_stop_words: limit(
      2,
      "minimum number of these words: the, be, to, of, and, that, have, with",
    ),
  }),
  prepare: (options) => (text) => {
    const words = wordTokens(text);
    const count = Math.max(1, words.length);
    const { han, kana, letters } = countClasses(text);
    const spaced = han + kana < letters / 2;
    const meanLength = words.reduce((total, word) => total + word.length, 0) / count;
    const lines = textLines(text);
    const share = (test: (line: string) => boolean) => lines.filter(test).length / lines.length;
    const withLetters = words.filter((word) => /\p{L}/u.test(word)).length / count;
    const hashes = text.split("#").length - 1;
    const ellipses = text.split("...").length + text.split("…").length - 2;
    const stops = words.filter((word) => stopWords.has(word)).length;
    return (
      below("words", words.length, options.minimum_words) ??
      above("words", words.length, options.maximum_words) ??
      (spaced ? below("mean word length", meanLength, options.minimum_word_length) : null) ??
      (spaced ? above("mean word length", meanLength, options.maximum_word_length) : null) ??
      above("hash signs per word", hashes / count, options.maximum_symbols) ??
      above("ellipses per word", ellipses / count, options.maximum_symbols) ??
      above("bullet lines", share(startsWithBullet), options.maximum_bullet_lines) ??
      above("lines ending in an ellipsis", share(endsInEllipsis), options.maximum_ellipsis_lines) ??
      below("words with a letter", withLetters, options.minimum_words_with_letters) ??
      (spaced ? below("stop words", stops, options.minimum_stop_words) : null)
    );
  },
});

function startsWithBullet(line: string): boolean {
  return /^\s*[•*\-‣●○▪·](?:\s|$)|^\s*•/.test(line);
}

function endsInEllipsis(line: string): boolean {
  const end = line.trimEnd();
  return end.endsWith("...") || end.endsWith("…");
}
