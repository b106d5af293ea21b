/** `normalize_whitespace`: one kind of space, no trailing blanks, no towers of empty lines. */
import { z } from "zod";
import { textChange } from "../../../operator.js";
import { mapProse } from "../scan/codeSpans.js";

const unicodeSpaces = /[\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
/** A run of spaces between words or punctuation of prose: not beside an operator or a comment. */
const looseSpaces = /(?<=[\p{L}\p{N}，。！？；：、,.!?;:”"’)）》]) {2,}(?=[\p{L}\p{N}“"‘(（《])/gu;

interface Choices {
  collapse: boolean;
  maximum_blank_lines: number;
}

/**
 * Unicode spaces become the plain space (ideographic spaces that indent a line stay), line ends
 * become line feeds, runs of spaces between words become one, blanks at the ends of lines and
 * around the text go. Code, indentation, and lines that look aligned (tables, columns) are not
 * touched.
 *
 * After "replace_uniform_whitespace" of Baidu's Qianfan and "whitespace_normalization" of data-juicer.
 */
export const normalizeWhitespace = textChange({
  name: "normalize_whitespace",
  summary: "unify spaces and line breaks, except in code, indentation and aligned columns",
  options: z.strictObject({
    collapse: z.boolean().default(true).describe("collapse several spaces between words into one"),
    maximum_blank_lines: z
      .int()
      .min(0)
      .default(2)
      .describe("maximum number of consecutive empty lines"),
  }),
  prepare: (options) => (text) => {
    const lines = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    return trimText(mapProse(lines, (prose) => tidyLines(prose, options), { inlineIsProse: true }));
  },
});

function tidyLines(prose: string, { collapse, maximum_blank_lines }: Choices): string {
  const lines = prose.split("\n");
  const kept: string[] = [];
  let blank = 0;
  for (const [index, line] of lines.entries()) {
    const whole = index > 0 && index < lines.length - 1;
    const tidy = tidyLine(line, collapse, index < lines.length - 1);
    blank = whole && tidy === "" ? blank + 1 : 0;
    if (blank <= maximum_blank_lines) kept.push(tidy);
  }
  return kept.join("\n");
}

/** What columns are apart by: two spaces behind a word, or more behind anything. */
const gap = / {3,}|(?<=[\p{L}\p{N}]) {2}/gu;

function tidyLine(line: string, collapse: boolean, ends: boolean): string {
  let start = 0;
  while (start < line.length && isIndent(line.charCodeAt(start))) start++;
  if (start === line.length && ends) return "";
  const indent = line.slice(0, start).replaceAll("\xa0", " ");
  let body = line.slice(start).replace(unicodeSpaces, " ");
  if (ends) body = body.trimEnd();
  const aligned =
    start > 0 ? /^[ \t]/.test(indent) : /[|\t`]/.test(body) || (body.match(gap)?.length ?? 0) > 1;
  if (collapse && !aligned && body.includes("  ")) body = body.replace(looseSpaces, " ");
  return indent + body;
}

function isIndent(unit: number): boolean {
  return unit === 0x20 || unit === 0x09 || unit === 0xa0 || unit === 0x3000;
}

/** Without empty lines before and blanks behind; the first line's indentation stays. */
function trimText(text: string): string {
  const end = text.trimEnd();
  const first = end.length - end.trimStart().length;
  return end.slice(end.lastIndexOf("\n", first) + 1 > first ? 0 : end.lastIndexOf("\n", first) + 1);
}
