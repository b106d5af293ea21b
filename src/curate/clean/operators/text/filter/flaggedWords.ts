/** `filter_flagged_words`: words from the user's own file. */
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigError } from "../../../../../util/errors.js";
import { textFilter } from "../../../operator.js";
import { wordFinder } from "../scan/ahoCorasick.js";
import {
  characterClass,
  countCharacters,
  digit,
  han,
  kana,
  letter,
} from "../scan/characterClasses.js";
import { above } from "./reasons.js";

/**
 * Leaves out text with words from a list. Chinese words match anywhere, words of other scripts
 * only as whole words; case and width do not matter. The share is that of the characters that
 * stand in flagged words (data-juicer counts words: at most 0.045). There is no built-in list.
 */
export const filterFlaggedWords = textFilter({
  name: "filter_flagged_words",
  summary: "remove rows with too many words from a list, by share of the text or by number",
  options: z.strictObject({
    file: z
      .string()
      .nullable()
      .default(null)
      .describe("UTF-8 file with one word or phrase per line; # starts a comment"),
    words: z
      .array(z.string().min(1))
      .default([])
      .describe("words, in addition to those of the file"),
    maximum: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .describe("maximum fraction of characters in flagged words"),
    maximum_count: z
      .int()
      .min(0)
      .nullable()
      .default(null)
      .describe("maximum number of flagged words; null: no limit"),
  }),
  prepare({ file, words, maximum, maximum_count }) {
    const list = [...(file === null ? [] : readWords(file)), ...words.map(fold)];
    if (list.length === 0) {
      throw new ConfigError("filter_flagged_words has no words", {
        ...(file === null ? {} : { why: `${file} has no line with a word` }),
        todo: "give a file with `file`, or words with `words`",
      });
    }
    const find = wordFinder(list);
    return (text) => {
      const folded = fold(text);
      let places = 0;
      let covered = 0;
      let reached = 0;
      find(folded, ({ start, end }) => {
        if (!standsAlone(folded, start, end)) return;
        places++;
        covered += end - Math.max(start, reached);
        reached = Math.max(reached, end);
      });
      if (places === 0) return null;
      const share = covered / Math.max(1, countCharacters(folded));
      return (
        above("share of flagged words", share, maximum) ??
        above("flagged words", places, maximum_count)
      );
    };
  },
});

function readWords(file: string): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new ConfigError(`filter_flagged_words cannot read ${file}`, {
      why: error instanceof Error ? error.message : String(error),
      todo: "set `file` to the path of a text file with one word per line",
      cause: error,
    });
  }
  if (!isUtf8(bytes)) {
    throw new ConfigError(`filter_flagged_words: ${file} is not UTF-8`, {
      why: "its words would never match",
      todo: `convert it, for example with: iconv -f gb18030 -t utf-8 ${file}`,
    });
  }
  const lines = bytes
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .split(/\r?\n/);
  return lines
    .map((line) => fold(line.trim()))
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** Whether no letter of a script with words goes on before or after a match that begins or ends in one. */
function standsAlone(text: string, start: number, end: number): boolean {
  return !(
    (isWordLetter(text, start) && isWordLetter(text, start - 1)) ||
    (isWordLetter(text, end - 1) && isWordLetter(text, end))
  );
}

function isWordLetter(text: string, index: number): boolean {
  if (index < 0 || index >= text.length) return false;
  const bits = characterClass(text.charCodeAt(index));
  return (bits & (letter | digit)) !== 0 && (bits & (han | kana)) === 0;
}
