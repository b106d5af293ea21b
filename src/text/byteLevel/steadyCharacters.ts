/**
 * Characters whose classes (letter, number, space, other) are the same in every version of Unicode
 * that a JavaScript engine or the native tokenizers library may have been built with. Not among
 * them are what the two read differently even so (U+0085 and U+FEFF as spaces, the long s as an s)
 * and halves of surrogate pairs.
 */
export const steadyRanges: readonly (readonly [first: number, last: number])[] = [
  [0x0000, 0x0084], // Latin, Greek, Cyrillic, combining marks
  [0x0086, 0x017e],
  [0x0180, 0x052f],
  [0x0590, 0x06ff], // Hebrew, Arabic
  [0x0900, 0x097f], // Devanagari
  [0x0e00, 0x0e7f], // Thai
  [0x1e00, 0x1fff], // more Latin and Greek
  [0x2000, 0x2bff], // punctuation, currencies, arrows, mathematics, boxes
  [0x2e80, 0x30ff], // Chinese and Japanese punctuation, kana
  [0x3105, 0x312d], // bopomofo
  [0x3200, 0x33ff], // characters in circles and squares
  [0x3400, 0x4db5], // Chinese characters
  [0x4e00, 0x9fa5],
  [0xac00, 0xd7a3], // Korean syllables
  [0xfe00, 0xfe0f], // variation selectors
  [0xfe30, 0xfe6f], // vertical and small forms
  [0xff00, 0xffee], // wide forms
  [0xfffd, 0xfffd],
  [0x1f000, 0x1faff], // emoji
  [0x20000, 0x2a6d6], // rare Chinese characters
];

const escaped = (codePoint: number) => `\\u{${codePoint.toString(16)}}`;
const steady = steadyRanges.map(([first, last]) => `${escaped(first)}-${escaped(last)}`).join("");
const unsteady = new RegExp(`[^${steady}]`, "u");

/** Whether every character of the text is one of them. */
export function isSteady(text: string): boolean {
  return !unsteady.test(text);
}
