/** Words: runs of letters and digits; in scripts without spaces, single characters. */
import { characterClass, digit, han, kana, letter } from "./characterClasses.js";

const apostrophes = new Set([0x27, 0x2019]);

/**
 * Calls `visit` with the start and end of each word: letters, marks, digits, and apostrophes inside;
 * each Han character or kana is a word of its own.
 */
export function eachWord(text: string, visit: (start: number, end: number) => void): void {
  let start = -1;
  for (let index = 0; index < text.length; ) {
    const codePoint = text.codePointAt(index)!;
    const next = index + (codePoint > 0xffff ? 2 : 1);
    const bits = characterClass(codePoint);
    const single = (bits & (han | kana)) !== 0;
    const inWord = (bits & (letter | digit)) !== 0 && !single;
    if (inWord) {
      if (start < 0) start = index;
    } else if (!(start >= 0 && apostrophes.has(codePoint) && isLetterAt(text, next))) {
      if (start >= 0) visit(start, index);
      start = -1;
      if (single) visit(index, next);
    }
    index = next;
  }
  if (start >= 0) visit(start, text.length);
}

function isLetterAt(text: string, index: number): boolean {
  return index < text.length && (characterClass(text.charCodeAt(index)) & letter) !== 0;
}

export function countWords(text: string): number {
  let count = 0;
  eachWord(text, () => count++);
  return count;
}

/** The words of a text, in order. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  eachWord(text, (start, end) => words.push(text.slice(start, end)));
  return words;
}

/** Numbers, one for each word, equal where the words are equal. */
export function numberWords(words: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(words, (word) => {
    const known = numbers.get(word);
    if (known !== undefined) return known;
    numbers.set(word, numbers.size);
    return numbers.size - 1;
  });
}
