/** Parts of text segments. */
import type { TextSegment } from "./types.js";

/** `text[start, end)` of a segment, with what of its literal ranges lies there. */
export function sliceText(segment: TextSegment, start: number, end: number): TextSegment {
  const { literal, ...whole } = segment;
  const inside = sliceRanges(literal ?? [], start, end);
  const text = segment.text.slice(start, end);
  return inside.length === 0 ? { ...whole, text } : { ...whole, text, literal: inside };
}

/** The parts of ranges inside `[start, end)`, counted from `start`. */
export function sliceRanges(
  ranges: NonNullable<TextSegment["literal"]>,
  start: number,
  end: number,
): NonNullable<TextSegment["literal"]> {
  return ranges
    .filter(([from, to]) => (from === to ? from >= start && from < end : from < end && to > start))
    .map(([from, to]) => [Math.max(from, start) - start, Math.min(to, end) - start]);
}
