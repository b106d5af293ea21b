/** Segments as one text. */
import type { Segment } from "./types.js";

/** Token ids among them stand for none. */
export function textOf(segments: readonly Segment[]): string {
  return segments.map((segment) => ("text" in segment ? segment.text : "")).join("");
}
