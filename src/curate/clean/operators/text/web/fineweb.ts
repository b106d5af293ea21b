/** `filter_fineweb`: the rules that FineWeb adds, for web text. */
import { z } from "zod";
import { textFilter } from "../../../operator.js";
import { above, below } from "../filter/reasons.js";
import { repeats, wordTokens } from "./tokens.js";

const share = (byDefault: number, description: string) =>
  z.number().min(0).nullable().default(byDefault).describe(`${description}; null: no limit`);
const terminal = /[.'"!?。！？”’…」』]$/;

/**
 * The rules of Penedo et al. 2024, "The FineWeb Datasets" (https://arxiv.org/abs/2406.17557), with
 * the limits of datatrove's code. A Chinese line is short at half the length, and Chinese
 * punctuation ends a line too.
 */
export const filterFineweb = textFilter({
  name: "filter_fineweb",
  summary: "FineWeb's rules for web pages: line ends, short lines, repeated lines, lists",
  options: z.strictObject({
    minimum_punctuated_lines: share(0.12, "minimum fraction of lines that end in punctuation"),
    maximum_short_lines: share(0.67, "maximum fraction of short lines"),
    short_line: z
      .int()
      .min(0)
      .default(30)
      .describe("lines up to this length are short (half of it for Chinese)"),
    maximum_repeated_characters: share(0.01, "maximum fraction of characters in repeated lines"),
    maximum_line_breaks: share(0.3, "maximum number of line breaks per word"),
  }),
  prepare: (options) => (text) => {
    const lines = text.split("\n");
    const punctuated = lines.filter((line) => terminal.test(line)).length / lines.length;
    const short = lines.filter((line) => widthOf(line) <= options.short_line).length / lines.length;
    const filled = lines.filter((line) => line.trim() !== "");
    const characters = Math.max(1, text.length - lines.length + 1);
    const repeated = repeats(filled).characters / characters;
    const breaks = (lines.length - 1) / Math.max(1, wordTokens(text).length);
    return (
      below("lines that end in punctuation", punctuated, options.minimum_punctuated_lines) ??
      above("short lines", short, options.maximum_short_lines) ??
      above("characters in repeated lines", repeated, options.maximum_repeated_characters) ??
      above("line breaks per word", breaks, options.maximum_line_breaks)
    );
  },
});

/** Length of a line where an East Asian character counts two. */
function widthOf(line: string): number {
  let width = line.length;
  for (let index = 0; index < line.length; index++) if (line.charCodeAt(index) >= 0x2e80) width++;
  return width;
}
