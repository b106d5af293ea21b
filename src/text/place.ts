import type { Source } from "./types.js";

/** What an error about a row begins with: `FILE:LINE: `, or nothing where the row is from no file. */
export function place(source: Source | undefined): string {
  return source === undefined ? "" : `${source.file}:${source.line}: `;
}
