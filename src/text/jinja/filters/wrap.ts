/** Text wrapped to a width, as Python's `textwrap` does it for the filter `wordwrap`. */
import { characters, codePointLength, stripStart } from "../../../util/codePoints.js";
import { valueError } from "../errors.js";
import { splitLines } from "../textMethods.js";

export interface WrapOptions {
  width: number;
  breakLongWords: boolean;
  breakOnHyphens: boolean;
  newline: string;
}

const space = "[\\t\\n\\v\\f\\r ]";
const letter = "[\\p{L}\\p{N}]";
const punctuated = `[\\p{L}\\p{N}_!"'&.,?]`;

/** White space, dashes between words, or a word up to a hyphen that it may be broken at. */
const pieces = new RegExp(
  `(${space}+|(?<=${punctuated})-{2,}(?=[\\p{L}\\p{N}_])|` +
    `[^\\t\\n\\v\\f\\r ]+?(?:-(?:(?<=${letter}{2}-)|(?<=${letter}-${punctuated}-))(?=${letter}-?${letter})|` +
    `(?=${space}|$)|(?<=${punctuated})(?=-{2,}[\\p{L}\\p{N}_])))`,
  "u",
);
const words = new RegExp(`(${space}+)`);

/** Wraps each line of a text by itself. @throws TemplateError for a width that is not positive */
export function wrapText(text: string, options: WrapOptions): string {
  return splitLines(text)
    .map((line) => wrapLine(line, options).join(options.newline))
    .join(options.newline);
}

function wrapLine(line: string, options: WrapOptions): string[] {
  if (options.width <= 0) throw valueError(`invalid width ${options.width} (must be > 0)`);
  const chunks = line
    .split(options.breakOnHyphens ? pieces : words)
    .filter((chunk) => chunk !== "" && chunk !== undefined)
    .reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (isBlank(chunks.at(-1)!) && lines.length > 0) chunks.pop();
    const current = takeLine(chunks, options);
    if (current.length > 0 && isBlank(current.at(-1)!)) current.pop();
    if (current.length > 0) lines.push(current.join(""));
  }
  return lines;
}

const isBlank = (chunk: string) => stripStart(chunk) === "";

/** Moves chunks from the end of `chunks` until a line is full. */
function takeLine(chunks: string[], { width, breakLongWords, breakOnHyphens }: WrapOptions) {
  const current: string[] = [];
  let used = 0;
  while (chunks.length > 0 && used + codePointLength(chunks.at(-1)!) <= width) {
    used += codePointLength(chunks.at(-1)!);
    current.push(chunks.pop()!);
  }
  const long = chunks.at(-1);
  if (long === undefined || codePointLength(long) <= width) return current;
  if (!breakLongWords) {
    if (current.length === 0) current.push(chunks.pop()!);
    return current;
  }
  const room = width - used;
  const all = characters(long);
  let end = room;
  if (breakOnHyphens && all.length > room) {
    const hyphen = all.slice(0, room).lastIndexOf("-");
    if (hyphen > 0 && all.slice(0, hyphen).some((character) => character !== "-")) end = hyphen + 1;
  }
  current.push(all.slice(0, end).join(""));
  chunks[chunks.length - 1] = all.slice(end).join("");
  return current;
}
