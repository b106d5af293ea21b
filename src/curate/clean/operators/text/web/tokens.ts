/** Words and lines as the rules for web text count them. */
import { wordsOf } from "../scan/words.js";

/** Words without punctuation; each Chinese character is one. */
export function wordTokens(text: string): string[] {
  return wordsOf(text);
}

/** The lines of a text, at least one. */
export function textLines(text: string): string[] {
  return text.split(/\r?\n/);
}

/** Number of repeats and their characters: each occurrence of a piece after its first. */
export function repeats(pieces: readonly string[]): { count: number; characters: number } {
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const piece of pieces) {
    if (seen.has(piece)) {
      count++;
      characters += piece.length;
    } else seen.add(piece);
  }
  return { count, characters };
}
