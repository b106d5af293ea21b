/** Where turns of the assistant end, in ids. */
import type { EncodedSegments } from "./segmentIds.js";
import type { Message } from "./types.js";

/** Ends of trained segments that are ends of turns. */
export function turnEnds(
  ends: EncodedSegments["trainedEnds"],
  messages: readonly Message[],
): { at: number; message: number }[] {
  return ends.flatMap(({ at, message }) => {
    if (message === undefined || messages[message]?.role !== "assistant") return [];
    const next = messages[message + 1]?.role;
    return next === undefined || next === "user" || next === "system" ? [{ at, message }] : [];
  });
}
