/** Where a text shows something rather than says it: code, quotations, quoted lines, tables. */
import { splitCode } from "./codeSpans.js";

/** Stands for each character that is shown; line breaks stay. */
const mask = "\u0001";

const masked = (text: string) => text.replace(/[^\n]/g, mask);

/** Quotation marks in pairs on one line, and HTML's elements for code; bounded, so that no text is slow. */
const quotation =
  /"[^"\n]{1,200}"|“[^”\n]{1,200}”|‘[^’\n]{1,200}’|「[^」\n]{1,200}」|『[^』\n]{1,200}』|«[^»\n]{1,200}»|(?<![\p{L}\p{N}])'[^'\n]{1,200}'(?![\p{L}\p{N}])|<(code|pre|kbd|tt)>(?:[^<]|<(?!\/\1>)){1,300}<\/\1>/giu;

const indented = /^(?: {4}|\t)/;
const quotedLine = /^\s{0,3}>/;
const tableRow = /^\s*\|.*\|\s*$/;

/**
 * The text with a mark for each character in code (fences, backticks, indented blocks), in quotation
 * marks, in quoted lines and in tables; as long as the text itself.
 */
export function maskQuoted(text: string): string {
  const spans = splitCode(text).map((span) => (span.code ? masked(span.text) : span.text));
  const lines: string[] = [];
  let opensCode = true;
  for (const line of spans.join("").split("\n")) {
    const isCode: boolean = opensCode && indented.test(line);
    const isShown = isCode || quotedLine.test(line) || tableRow.test(line);
    lines.push(isShown ? masked(line) : line);
    opensCode = isCode || line.trim() === "";
  }
  return lines.join("\n").replace(quotation, masked);
}
