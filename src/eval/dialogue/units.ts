/** Texts as what a reader counts in them: words, characters of East Asian scripts, signs. */

const eastAsian = "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}]";
const unit = new RegExp(`${eastAsian}|(?:(?!${eastAsian})[\\p{L}\\p{M}\\p{N}_])+|\\S`, "gu");

/** Words in lower case, single Chinese and Japanese characters, and single signs, in order. */
export function unitsOf(text: string): string[] {
  return text.toLowerCase().match(unit) ?? [];
}

/** The same without signs. */
export function wordsOf(text: string): string[] {
  return unitsOf(text).filter((one) => /[\p{L}\p{N}]/u.test(one));
}
