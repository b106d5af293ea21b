/** `clean_c4_lines` and `filter_c4`: the rules of C4, for web text. */
import { z } from "zod";
import { textChange, textFilter } from "../../../operator.js";
import { below } from "../filter/reasons.js";
import { countWords } from "../scan/words.js";

const policies = [
  "terms of use",
  "privacy policy",
  "cookie policy",
  "uses cookies",
  "use of cookies",
  "use cookies",
  "隐私政策",
  "使用条款",
];
const terminal = /[.?!"'。？！”’；…」』）]$/;
const citation = /\[\d{0,6}\]|\[edit\]|\[citation needed\]/g;

/**
 * The line rules of Raffel et al. 2020, "Exploring the Limits of Transfer Learning"
 * (https://jmlr.org/papers/v21/20-074.html, 2.2): only lines that end in terminal punctuation (of
 * Chinese as well), have three words and mention neither JavaScript nor a policy. Word length and
 * citations as in its code (tensorflow/datasets, c4_utils.py).
 */
export const cleanC4Lines = textChange({
  name: "clean_c4_lines",
  summary: "C4's line rules for web pages: keep lines that are sentences",
  options: z.strictObject({
    terminal_punctuation: z.boolean().default(true).describe("keep only lines that end a sentence"),
    minimum_words: z
      .int()
      .min(0)
      .default(3)
      .describe("minimum number of words of a line that is kept"),
    maximum_word_length: z
      .int()
      .min(1)
      .default(1000)
      .describe("maximum length of a word in a line that is kept"),
    citations: z.boolean().default(true).describe("remove [1], [edit], [citation needed]"),
    policies: z
      .boolean()
      .default(true)
      .describe("remove lines about JavaScript, cookies and terms of use"),
  }),
  prepare: (options) => (text) => {
    const kept: string[] = [];
    for (const whole of text.split("\n")) {
      const bare = whole.trim();
      const line = options.citations ? bare.replace(citation, "").trim() : bare;
      if (bare.split(/\s+/).some((word) => word.length > options.maximum_word_length)) continue;
      if (options.terminal_punctuation && (!terminal.test(line) || line.endsWith("..."))) continue;
      if (countWords(line) < options.minimum_words) continue;
      const lower = line.toLowerCase();
      const isPolicy =
        lower.includes("javascript") || policies.some((part) => lower.includes(part));
      if (options.policies && isPolicy) continue;
      kept.push(line);
    }
    return kept.join("\n");
  },
});

/** The page rules of C4: no lorem ipsum, no curly bracket, at least five sentences. */
export const filterC4 = textFilter({
  name: "filter_c4",
  summary: "C4's page rules: lorem ipsum, curly brackets, fewer than five sentences",
  options: z.strictObject({
    minimum_sentences: z.int().min(0).default(5).describe("minimum number of sentences"),
    lorem_ipsum: z.boolean().default(true).describe("remove pages with lorem ipsum"),
    curly_brackets: z.boolean().default(true).describe("remove pages with a {"),
  }),
  prepare:
    ({ minimum_sentences, lorem_ipsum, curly_brackets }) =>
    (text) => {
      if (lorem_ipsum && /lorem ipsum/i.test(text)) return "lorem ipsum";
      if (curly_brackets && text.includes("{")) return "a curly bracket";
      const sentences = countSentences(text);
      return below("sentences", sentences, minimum_sentences);
    },
});

/** Runs of terminal punctuation; of Latin punctuation those that white space or the end follows. */
function countSentences(text: string): number {
  let count = 0;
  for (const match of text.matchAll(/[。！？…]+|[.!?]+/g)) {
    const end = match.index + match[0].length;
    const isWide = match[0].charCodeAt(0) > 0x7f;
    if (isWide || /^["')\]”’]{0,3}(?:\s|$)/.test(text.slice(end, end + 4))) count++;
  }
  return count;
}
