/** Text by code points, as Python counts it. Text without surrogates takes the short way. */

const surrogate = /[\ud800-\udfff]/;

export function hasSurrogates(text: string): boolean {
  return surrogate.test(text);
}

export function codePointLength(text: string): number {
  if (!hasSurrogates(text)) return text.length;
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** The characters of a text. */
export function characters(text: string): string[] {
  return hasSurrogates(text) ? [...text] : text.split("");
}

/** The UTF-16 offset of a code point; the text's length beyond the last. */
export function toOffset(text: string, codePoint: number): number {
  if (!hasSurrogates(text)) return Math.min(codePoint, text.length);
  let offset = 0;
  for (let left = codePoint; left > 0 && offset < text.length; left--)
    offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  return offset;
}

/** The number of code points before a UTF-16 offset. */
export function fromOffset(text: string, offset: number): number {
  return hasSurrogates(text) ? codePointLength(text.slice(0, offset)) : offset;
}

/** Members of a class of characters: what Python's `str.isspace` and `\s` take for white space. */
export const spaceClass =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** Members of a class of characters: what ends a line for Python's `str.splitlines`. */
export const lineEndClass = "\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029";

const otherSpace = new RegExp(`[${spaceClass}]`);

/** Whether a UTF-16 unit is white space. */
export function isSpace(unit: string): boolean {
  if (unit > " " && unit < "\x85") return false;
  return otherSpace.test(unit);
}

export function stripStart(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text[start]!)) start++;
  return text.slice(start);
}

export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1]!)) end--;
  return text.slice(0, end);
}
