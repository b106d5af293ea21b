/** Pieces of a long text. */
import { countLabels } from "./encodeConversation.js";
import type { EncodedSegments } from "./segmentIds.js";
import {
  type Conversation,
  type EncodedConversation,
  ignoredLabel,
  type Segment,
} from "./types.js";

/**
 * Pieces of `max` ids that follow each other. A last piece of one id would teach nothing: it begins
 * one id earlier.
 */
export function splitText(
  { ids, labels }: EncodedSegments,
  max: number,
  segments: Segment[],
  { source, id }: Conversation,
): EncodedConversation[] {
  const pieces: EncodedConversation[] = [];
  for (let start = 0; start < ids.length; start += max) {
    const from = ids.length - start === 1 && start > 0 ? start - 1 : start;
    const to = Math.min(start + max, ids.length);
    const own = labels.slice(from, to);
    own[0] = ignoredLabel;
    pieces.push({
      inputIds: ids.subarray(from, to),
      labels: own,
      labelledTokens: countLabels(own),
      truncated: false,
      fullLength: to - from,
      segments,
      ...(source === undefined ? {} : { source }),
      ...(id === undefined ? {} : { id }),
    });
  }
  return pieces;
}
