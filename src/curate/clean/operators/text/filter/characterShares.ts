/** `filter_special_characters`, `filter_alphanumeric`, `filter_digits`: shares of kinds of characters. */
import { z } from "zod";
import { textFilter } from "../../../operator.js";
import { type ClassCounts, countClasses } from "../scan/characterClasses.js";
import { proseOnly } from "../scan/codeSpans.js";
import { above, below } from "./reasons.js";

const share = (byDefault: number, description: string) =>
  z.number().min(0).max(1).default(byDefault).describe(description);
const common = {
  minimum_length: z
    .int()
    .min(0)
    .default(20)
    .describe("texts with fewer characters are kept, since an answer may be a number or a formula"),
  code: z.boolean().default(false).describe("count code too"),
};

/** A judge of the counts of a text, which lets short texts pass. */
function judge(
  { minimum_length, code }: { minimum_length: number; code: boolean },
  reason: (counts: ClassCounts) => string | null,
): (text: string) => string | null {
  return (text) => {
    const counts = countClasses(code ? text : proseOnly(text));
    return counts.total < minimum_length ? null : reason(counts);
  };
}

/**
 * Leaves out text with many special characters. Special is what is neither letter, digit nor white
 * space nor the punctuation of ordinary Chinese and English prose. data-juicer's
 * "special_characters_filter" (at most 0.25) and Qianfan's (example 0.3) count digits, white space
 * and all punctuation as special, which leaves out tables and sums: `definition: data_juicer`.
 */
export const filterSpecialCharacters = textFilter({
  name: "filter_special_characters",
  summary: "remove rows with many characters other than letters, digits, spaces and punctuation",
  options: z.strictObject({
    maximum: share(0.25, "maximum fraction of special characters"),
    definition: z
      .enum(["symbols", "data_juicer"])
      .default("symbols")
      .describe("data_juicer also counts digits, whitespace and all punctuation as special"),
    ...common,
  }),
  prepare: (options) =>
    judge(options, ({ total, letters, symbols }) => {
      const special = options.definition === "symbols" ? symbols : total - letters;
      return above("special characters", special / total, options.maximum);
    }),
});

/**
 * Leaves out text with few letters and digits. data-juicer's "alphanumeric_filter": at least 0.25
 * of the characters; Chinese characters are letters.
 */
export const filterAlphanumeric = textFilter({
  name: "filter_alphanumeric",
  summary: "remove rows with few letters and digits",
  options: z.strictObject({
    minimum: share(0.25, "minimum fraction of letters and digits"),
    ...common,
  }),
  prepare: (options) =>
    judge(options, ({ total, letters, digits }) =>
      below("letters and digits", (letters + digits) / Math.max(1, total), options.minimum),
    ),
});

/** Leaves out text that is mostly digits: dumps of data. */
export const filterDigits = textFilter({
  name: "filter_digits",
  summary: "remove rows that are mostly digits",
  options: z.strictObject({ maximum: share(0.5, "maximum fraction of digits"), ...common }),
  prepare: (options) =>
    judge(options, ({ total, digits }) =>
      above("digits", digits / Math.max(1, total), options.maximum),
    ),
});
