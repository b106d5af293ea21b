/** Stop texts in a stream: nothing that may become part of one is shown too early. */

export interface StopMatcher {
  /** Takes more text; gives what can be shown. After a match everything further is swallowed. */
  push(text: string): string;
  /** What was held back, once nothing follows. */
  flush(): string;
  /** The stop text that was met. */
  readonly matched: string | undefined;
}

/** @param stop texts, none of them empty */
export function createStopMatcher(stop: readonly string[]): StopMatcher {
  let held = "";
  let matched: string | undefined;
  return {
    get matched() {
      return matched;
    },
    push(text) {
      if (matched !== undefined) return "";
      held += text;
      const match = firstMatch(held, stop);
      if (match) {
        matched = match.text;
        const shown = held.slice(0, match.at);
        held = "";
        return shown;
      }
      const keep = heldLength(held, stop);
      const shown = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return shown;
    },
    flush() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

/** The match that begins first; of several at one place the one listed first. */
function firstMatch(text: string, stop: readonly string[]): { at: number; text: string } | null {
  let best: { at: number; text: string } | null = null;
  for (const candidate of stop) {
    const at = text.indexOf(candidate);
    if (at >= 0 && (!best || at < best.at)) best = { at, text: candidate };
  }
  return best;
}

/** Length of the longest end of `text` that a stop text begins with. */
function heldLength(text: string, stop: readonly string[]): number {
  let longest = 0;
  for (const candidate of stop) {
    const most = Math.min(candidate.length - 1, text.length);
    for (let length = most; length > longest; length--) {
      if (text.endsWith(candidate.slice(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}
