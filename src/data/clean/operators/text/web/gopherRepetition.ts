/** `filter_gopher_repetition`: the repetition rules of Gopher, for web text. */
import { z } from "zod";
import { textFilter } from "../../../operator.js";
import { above } from "../filter/reasons.js";
import { repeats, textLines, wordTokens } from "./tokens.js";

const share = (byDefault: number, description: string) =>
  z.number().min(0).max(1).nullable().default(byDefault).describe(`${description}; null: no limit`);
const shares = (byDefault: Record<string, number>, description: string) =>
  z
    .record(z.string().regex(/^[1-9]\d?$/), z.number().min(0).max(1))
    .default(byDefault)
    .describe(description);

/**
 * Table A1 of Rae et al. 2021 (https://arxiv.org/abs/2112.11446) with its limits. n-grams are counted as
 * in datatrove: the most frequent one by its characters in all its places; repeated ones without
 * counting a place twice. Each Chinese character is a word, so that the rules hold a Chinese text to
 * shorter repeats than an English one.
 */
export const filterGopherRepetition = textFilter({
  name: "filter_gopher_repetition",
  summary: "Gopher's repetition rules for web pages: lines, paragraphs, word n-grams",
  options: z.strictObject({
    maximum_lines: share(0.3, "largest share of repeated lines"),
    maximum_paragraphs: share(0.3, "largest share of repeated paragraphs"),
    maximum_line_characters: share(0.2, "largest share of characters in repeated lines"),
    maximum_paragraph_characters: share(0.2, "largest share of characters in repeated paragraphs"),
    top_ngrams: shares(
      { "2": 0.2, "3": 0.18, "4": 0.16 },
      "n to the largest share of characters in the most frequent n-gram",
    ),
    repeated_ngrams: shares(
      { "5": 0.15, "6": 0.14, "7": 0.13, "8": 0.12, "9": 0.11, "10": 0.1 },
      "n to the largest share of characters in repeated n-grams",
    ),
  }),
  prepare: (options) => (text) => {
    const length = Math.max(1, text.length);
    const paragraphs = text.trim().split(/\n{2,}/);
    const lines = textLines(text).filter((line) => line.trim() !== "");
    const ofParagraphs = repeats(paragraphs);
    const ofLines = repeats(lines);
    const byPieces =
      above(
        "repeated paragraphs",
        ofParagraphs.count / paragraphs.length,
        options.maximum_paragraphs,
      ) ??
      above(
        "characters in repeated paragraphs",
        ofParagraphs.characters / length,
        options.maximum_paragraph_characters,
      ) ??
      above("repeated lines", ofLines.count / Math.max(1, lines.length), options.maximum_lines) ??
      above(
        "characters in repeated lines",
        ofLines.characters / length,
        options.maximum_line_characters,
      );
    if (byPieces) return byPieces;
    const words = wordTokens(text);
    for (const [n, maximum] of Object.entries(options.top_ngrams)) {
      const value = topNgramCharacters(words, Number(n)) / length;
      const reason = above(`characters in the top ${n}-gram`, value, maximum);
      if (reason) return reason;
    }
    for (const [n, maximum] of Object.entries(options.repeated_ngrams)) {
      const value = repeatedNgramCharacters(words, Number(n)) / length;
      const reason = above(`characters in repeated ${n}-grams`, value, maximum);
      if (reason) return reason;
    }
    return null;
  },
});

/** Characters of the most frequent n-gram, times its number; 0 where none occurs twice. */
function topNgramCharacters(words: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  let top = 0;
  let characters = 0;
  for (let start = 0; start + n <= words.length; start++) {
    const ngram = joined(words, start, n);
    const count = (counts.get(ngram) ?? 0) + 1;
    counts.set(ngram, count);
    if (count > top) {
      top = count;
      characters = ngram.length;
    }
  }
  return top > 1 ? top * characters : 0;
}

function repeatedNgramCharacters(words: readonly string[], n: number): number {
  const seen = new Set<string>();
  let characters = 0;
  for (let start = 0; start + n <= words.length; ) {
    const ngram = joined(words, start, n);
    if (seen.has(ngram)) {
      characters += ngram.length;
      start += n;
    } else {
      seen.add(ngram);
      start++;
    }
  }
  return characters;
}

/** Words of an n-gram as one string: with spaces, but none between Chinese characters. */
function joined(words: readonly string[], start: number, n: number): string {
  let text = words[start]!;
  for (let index = start + 1; index < start + n; index++) {
    const word = words[index]!;
    text += word.charCodeAt(0) >= 0x2e80 ? word : ` ${word}`;
  }
  return text;
}
