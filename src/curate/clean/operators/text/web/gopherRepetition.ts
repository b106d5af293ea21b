/** `filter_gopher_repetition`: the repetition rules of Gopher, for web text. */
import { z } from "zod";
import { textFilter } from "../../../operator.js";
import { above } from "../filter/reasons.js";
import { numberNgrams } from "../scan/ngrams.js";
import { numberWords } from "../scan/words.js";
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
    maximum_lines: share(0.3, "maximum fraction of repeated lines"),
    maximum_paragraphs: share(0.3, "maximum fraction of repeated paragraphs"),
    maximum_line_characters: share(0.2, "maximum fraction of characters in repeated lines"),
    maximum_paragraph_characters: share(
      0.2,
      "maximum fraction of characters in repeated paragraphs",
    ),
    top_ngrams: shares(
      { "2": 0.2, "3": 0.18, "4": 0.16 },
      "n to the maximum fraction of characters in the most frequent n-gram",
    ),
    repeated_ngrams: shares(
      { "5": 0.15, "6": 0.14, "7": 0.13, "8": 0.12, "9": 0.11, "10": 0.1 },
      "n to the maximum fraction of characters in repeated n-grams",
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
    const units = numberWords(words);
    const ends = writtenEnds(words);
    for (const [n, maximum] of Object.entries(options.top_ngrams)) {
      const value = topNgramCharacters(units, ends, Number(n)) / length;
      const reason = above(`characters in the top ${n}-gram`, value, maximum);
      if (reason) return reason;
    }
    for (const [n, maximum] of Object.entries(options.repeated_ngrams)) {
      const value = repeatedNgramCharacters(units, ends, Number(n)) / length;
      const reason = above(`characters in repeated ${n}-grams`, value, maximum);
      if (reason) return reason;
    }
    return null;
  },
});

/** Where each word ends when the words are written out: with spaces, but none before Chinese. */
function writtenEnds(words: readonly string[]): Int32Array {
  const ends = new Int32Array(words.length);
  let end = 0;
  for (const [index, word] of words.entries()) {
    end += word.length + (index > 0 && word.charCodeAt(0) < 0x2e80 ? 1 : 0);
    ends[index] = end;
  }
  return ends;
}

/** Characters of the n words from `start`, with the space before them. */
function writtenLength(ends: Int32Array, start: number, n: number): number {
  return ends[start + n - 1]! - (start === 0 ? 0 : ends[start - 1]!);
}

/** Characters of the most frequent n-gram, times its number; 0 where none occurs twice. */
function topNgramCharacters(units: Int32Array, ends: Int32Array, n: number): number {
  const { numbers, counts } = numberNgrams(units, n);
  let top = 0;
  for (let number = 1; number < counts.length; number++) {
    if (counts[number]! > counts[top]!) top = number;
  }
  const count = counts[top] ?? 0;
  return count > 1 ? count * writtenLength(ends, numbers.indexOf(top), n) : 0;
}

/** Characters of the n-grams that occurred before, without counting a place twice. */
function repeatedNgramCharacters(units: Int32Array, ends: Int32Array, n: number): number {
  const { numbers, counts } = numberNgrams(units, n);
  const seen = new Uint8Array(counts.length);
  let characters = 0;
  for (let start = 0; start < numbers.length; ) {
    const number = numbers[start]!;
    if (seen[number]) {
      characters += writtenLength(ends, start, n);
      start += n;
    } else {
      seen[number] = 1;
      start++;
    }
  }
  return characters;
}
