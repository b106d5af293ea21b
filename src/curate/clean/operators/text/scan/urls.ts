/** Where web addresses stand in a text. */

/** A stretch of a text. */
export interface Range {
  start: number;
  end: number;
}

const beginning = /https?:\/\/|ftp:\/\/|www\.(?=[A-Za-z0-9-]{1,63}\.[A-Za-z])/gi;
/** What no address holds as it is written in prose, beside Chinese characters and punctuation. */
const outside = new Set('<>"`{}|\\^“”‘’…\u00a0');
const trailing = ".,;:!?'*_~";

/** The addresses that begin with a scheme or `www.`, in order. */
export function findUrls(text: string): Range[] {
  const found: Range[] = [];
  beginning.lastIndex = 0;
  for (let match = beginning.exec(text); match; match = beginning.exec(text)) {
    const start = match.index;
    if (start > 0 && /[A-Za-z0-9]/.test(text[start - 1]!)) continue;
    const end = endOfUrl(text, start);
    if (end <= start + match[0].length) continue;
    found.push({ start, end });
    beginning.lastIndex = end;
  }
  return found;
}

/** Where it ends: before brackets that close what was opened earlier, and the sentence's punctuation. */
function endOfUrl(text: string, start: number): number {
  let end = start;
  let depth = 0;
  for (; end < text.length; end++) {
    const unit = text.charCodeAt(end);
    if (unit <= 0x20 || unit >= 0x3000 || outside.has(text[end]!)) break;
    const character = text[end]!;
    if (character === "(" || character === "[") depth++;
    else if ((character === ")" || character === "]") && --depth < 0) break;
  }
  while (end > start && trailing.includes(text[end - 1]!)) end--;
  return end;
}
