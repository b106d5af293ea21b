/** Added tokens in a text, as transformers' tokenizers that are written in Python find them. */
import { escapeRegExp } from "../util/escapeRegExp.js";
import { stripEnd, stripStart } from "./jinja/index.js";
import type { AddedToken } from "./tokenizerFiles.js";

/** A part of a text: an added token with its id, or what lies between. */
export interface AddedPart {
  text: string;
  /** UTF-16 offset in the whole text. */
  start: number;
  id?: number;
}

/**
 * Takes the leftmost token, of several at one place the longest. A token with `single_word` that
 * stands in a word becomes part of the text beside it, which is then encoded as text.
 */
export function addedTokenSplitter(tokens: readonly AddedToken[]): (text: string) => AddedPart[] {
  const byText = new Map(tokens.map((token) => [token.content, token]));
  byText.delete("");
  if (byText.size === 0) return (text) => (text === "" ? [] : [{ text, start: 0 }]);
  const longestFirst = [...byText.keys()].sort((a, b) => b.length - a.length);
  const regex = new RegExp(longestFirst.map(escapeRegExp).join("|"), "g");
  return (text) => {
    const parts: AddedPart[] = [];
    let at = 0;
    for (const { 0: found, index } of text.matchAll(regex)) {
      if (index > at) parts.push({ text: text.slice(at, index), start: at });
      parts.push({ text: found, start: index });
      at = index + found.length;
    }
    if (at < text.length) parts.push({ text: text.slice(at), start: at });
    for (const [index, part] of parts.entries()) {
      const token = byText.get(part.text);
      if (token) applyFlags(token, parts[index - 1], part, parts[index + 1]);
    }
    return parts
      .filter((part) => part.text !== "")
      .map((part) => {
        const id = byText.get(part.text)?.id;
        return id === undefined ? part : { ...part, id };
      });
  };
}

/** What a token's flags do to the text beside it. */
function applyFlags(
  token: AddedToken,
  left: AddedPart | undefined,
  part: AddedPart,
  right: AddedPart | undefined,
): void {
  if (token.rstrip && right) {
    const kept = stripStart(right.text);
    right.start += right.text.length - kept.length;
    right.text = kept;
  }
  if (token.lstrip && left) left.text = stripEnd(left.text);
  if (!token.single_word) return;
  if (left && left.text !== "" && !left.text.endsWith(" ")) {
    left.text += part.text;
    part.text = "";
  } else if (right && right.text !== "" && !right.text.startsWith(" ")) {
    right.start -= part.text.length;
    right.text = part.text + right.text;
    part.text = "";
  }
}
