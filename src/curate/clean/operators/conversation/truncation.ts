/**
 * Whether an answer stops in the middle. An answer need not end in a full stop (a name, a poem, a
 * list, code), so what counts is how it ends compared with how it goes on before.
 */

/** What ends a sentence, a quotation or a list. */
const terminal =
  /[\p{Pe}\p{Pf}\p{Sentence_Terminal}\p{Sc}.。．!！?？…⋯;；:：~～"'”’`*_|>»%％°)\]}\p{Extended_Pictographic}\p{So}]$/u;

/** Scripts in which a sentence ends in a space, a letter or signs of their own. */
const withoutStops = /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Tibetan}]$/u;

/** The result of a sum, or the letter of an option: "is 17", "= 5", "option B"; not "in 202". */
const result =
  /(?:\b(?:is|are|was|were|be|equals?|answer|option|choice)|[=≈:：]|[是为选])\s?[$¥€£]?(?:[-−]?\d[\d.,/]*|\p{Lu})$/u;

/** What can only go on: a comma, an opening bracket or quotation mark. */
const goesOn = /[,，、\p{Ps}\p{Pi}]$/u;

/** Ends of letters: "Best regards," may come before a name that is not there. */
const farewell =
  /(?:regards|sincerely|yours|truly|wishes|thanks|thank you|love|cheers),?$|此致[,，]?$/iu;

/** Who said it, or hashtags: what may stand after the end of a text. */
const signature =
  /(?:[-–—]\s?[\p{Lu}\p{Script=Han}][^.。!！?？]{0,3}[^。!！?？]{1,30}|#[\p{L}\p{N}_]+)$/u;

const sentenceEnd = /[\p{Sentence_Terminal}.。．!！?？](?=\s|$|[\p{Script=Han}"”’」』）)])/gu;
const listItem =
  /^\s*(?:[-*+•·‧▪●○–—]|\(?\d{1,3}[.)、．:：）]|[（(]?[一二三四五六七八九十]+[、.．)）]|[a-zA-Z][.)]\s)/u;
const heading = /^\s*(?:#{1,6}\s|\*\*.*\*\*:?$|\|)/u;
const fence = /^\s*(?:```|~~~)/;

/** Lines shorter than this (Han characters count twice) may be titles, names, lines of a poem. */
const proseColumns = 40;

/** A reason, or undefined where the text seems complete. */
export function truncationOf(text: string): string | undefined {
  const trimmed = text.trimEnd();
  if (trimmed === "") return undefined;
  const lines = trimmed.split("\n");
  const fences = lines.filter((line) => fence.test(line)).length;
  if (fences % 2 === 1) return "a code block is not closed";
  if (fence.test(lines.at(-1)!)) return undefined;
  const prose = proseLines(lines);
  const last = prose.pop();
  if (last === undefined || looksLikeCode(last)) return undefined;
  if (signature.test(last) || result.test(last) || withoutStops.test(last)) return undefined;
  if (goesOn.test(last) && !farewell.test(last) && isProse(last)) {
    return `ends with ${JSON.stringify(last.at(-1))}`;
  }
  if (terminal.test(last) || goesOn.test(last) || !isProse(last)) return undefined;
  const isItem = listItem.test(last);
  const alike = prose.filter((line) => listItem.test(line) === isItem && isProse(line));
  const ended = alike.filter((line) => terminal.test(line)).length;
  const sentences = last.match(sentenceEnd)?.length ?? 0;
  const others = alike.length - ended;
  if (sentences + ended >= 2 && others === 0) return "the last sentence has no end";
  return undefined;
}

/** Lines outside of code blocks that are neither blank nor headings or tables. */
function proseLines(lines: readonly string[]): string[] {
  let inCode = false;
  const prose: string[] = [];
  for (const line of lines) {
    if (fence.test(line)) inCode = !inCode;
    else if (!inCode && line.trim() !== "" && !heading.test(line)) prose.push(line.trimEnd());
  }
  return prose;
}

function isProse(line: string): boolean {
  const han = line.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0;
  return line.length + han >= proseColumns;
}

function looksLikeCode(line: string): boolean {
  if (/\p{Script=Han}/u.test(line)) return false;
  if (/[=;{}\\]|\w\(|->|=>|^\s{2,}\S|^\s*(?:\/\/|#|<)/.test(line)) return true;
  return /https?:\/\//.test(line.slice(line.trimEnd().lastIndexOf(" ") + 1));
}
