/** From which message a token came: told by the order in which the messages stand in the tokens' text. */
import type { DataRow, TokenView } from "../../../../src/serve/schema";

/**
 * @returns the role of each token's message; null for what the template writes around messages, and from
 *   the first message on that the template does not render as it is
 */
export function tokenRoles(
  tokens: readonly TokenView[],
  messages: DataRow["messages"],
): (string | null)[] {
  const starts: number[] = [];
  let text = "";
  for (const token of tokens) {
    starts.push(text.length);
    text += token.text;
  }
  const ranges: { from: number; to: number; role: string }[] = [];
  let at = 0;
  for (const { role, content } of messages ?? []) {
    const wanted = content.trim();
    if (wanted === "") continue;
    const whole = text.indexOf(wanted, at);
    // The last one may be cut off.
    const from = whole >= 0 ? whole : startOfCut(text, wanted, at);
    if (from < 0) break;
    at = Math.min(text.length, from + wanted.length);
    ranges.push({ from, to: at, role });
  }
  let range = 0;
  return starts.map((start, index) => {
    const end = start + Math.max(1, tokens[index]!.text.length);
    while (range < ranges.length && ranges[range]!.to <= start) range++;
    const current = ranges[range];
    return current && current.from < end ? current.role : null;
  });
}

function startOfCut(text: string, wanted: string, from: number): number {
  const head = wanted.slice(0, 12);
  const start = text.indexOf(head, from);
  return start >= 0 && wanted.startsWith(text.slice(start).trimEnd()) ? start : -1;
}
