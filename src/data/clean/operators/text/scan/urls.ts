/** Where web addresses stand in a text. */

/** A stretch of a text. */
export interface Range {
  start: number;
  end: number;
}

const beginning = /https?:\/\/|ftp:\/\/|www\.(?=[A-Za-z0-9-]{1,63}\.[A-Za-z])/gi;
/** What no address holds as it is written in prose: white space, quotes, Chinese characters and punctuation. */
const outside = /[\s<>"`{}|\\^，。；：？！、（）《》【】「」『』“”‘’…\u3000-\uffff]/g;
const trailing = ".,;:!?'*_~";

/** The addresses that begin with a scheme or `www.`, in order. */
export function findUrls(text: string): Range[] {
  const found: Range[] = [];
  beginning.lastIndex = 0;
  for (let match = beginning.exec(text); match; match = beginning.exec(text)) {
    const start = match.index;
    if (start > 0 && /[A-Za-z0-9]/.test(text[start - 1]!)) continue;
    outside.lastIndex = beginning.lastIndex;
    const end = trimEnd(text, start, outside.exec(text)?.index ?? text.length);
    if (end <= start + match[0].length) continue;
    found.push({ start, end });
    beginning.lastIndex = end;
  }
  return found;
}

/** Without closing punctuation that belongs to the sentence, and brackets opened before the address. */
function trimEnd(text: string, start: number, reach: number): number {
  let end = reach;
  let depth = 0;
  for (let index = start; index < reach; index++) {
    const character = text[index]!;
    if (character === "(" || character === "[") depth++;
    else if ((character === ")" || character === "]") && --depth < 0) {
      end = index;
      break;
    }
  }
  while (end > start && trailing.includes(text[end - 1]!)) end--;
  return end;
}
