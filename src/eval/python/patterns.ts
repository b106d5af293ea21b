/** What Python's regular expressions mean by `\w`, `\b`, `.` and `$`, where JavaScript means less or more. */

/** `\w` of a pattern of text, for use in a class under the flag u. */
export const WORD = "\\p{L}\\p{N}_";

/** `\b`, under the flag u: letters and digits of all scripts are words. */
export const BOUNDARY = `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`;

/** The value of a decimal digit of any script. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0)!;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (code - first) % 10;
}

/** Digits of all scripts as ASCII's, as `int` and `float` read them. */
export function asciiDigits(text: string): string {
  return text.replace(/\p{Nd}/gu, (digit) => (digit < ":" ? digit : String(digitValue(digit))));
}
