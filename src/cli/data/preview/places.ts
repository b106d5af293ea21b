/** Files of `data preview` that are given with a line: `FILE:LINE`, as errors and events name rows. */
import { existsSync } from "node:fs";

/**
 * Takes the lines off the files that have one.
 *
 * @param words as typed; a word that is a file, whatever its name, has no line
 * @returns the files, each once, and the places for `--row`
 */
export function splitPlaces(words: readonly string[]): { files: string[]; places: string[] } {
  const files = new Set<string>();
  const places: string[] = [];
  for (const word of words) {
    const match = /^(.+):(\d+)$/s.exec(word);
    const isPlace = match && !existsSync(word) && !/^https?:\/\/[^/]+$/.test(word);
    if (isPlace) places.push(word);
    files.add(isPlace ? match[1]! : word);
  }
  return { files: [...files], places };
}
