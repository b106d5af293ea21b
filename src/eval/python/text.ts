/** Strings as Python sees them, where JavaScript differs. */

/** Python's white space, what `str.isspace` says and `\s` means, for use in a class. */
export const SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const leading = new RegExp(`^[${SPACE}]+`);
const trailing = new RegExp(`[${SPACE}]+$`);

/** `str.strip()`; unlike `trim`, it takes \x1c to \x1f and \x85, and leaves U+FEFF. */
export function strip(text: string): string {
  return stripStart(stripEnd(text));
}

/** `str.lstrip()` */
export function stripStart(text: string): string {
  return text.replace(leading, "");
}

/** `str.rstrip()` */
export function stripEnd(text: string): string {
  return text.replace(trailing, "");
}

/** `str.split()` */
export function splitWords(text: string): string[] {
  return text.split(new RegExp(`[${SPACE}]+`)).filter((word) => word !== "");
}

/** `len()`: characters, not UTF-16 units. */
export function length(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
