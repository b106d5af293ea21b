/** Texts that become one token wherever they occur, taken out before words are cut. */
import { escapeRegExp } from "../../util/escapeRegExp.js";
import type { AddedToken } from "../tokenizerFiles.js";

/** A part of a text: an added token with its id, or what lies between. */
export interface Piece {
  text: string;
  id?: number;
}

/** @returns undefined where a token asks for more than to be found (spaces around it, whole words) */
export function addedTokenFinder(
  tokens: readonly AddedToken[],
): ((text: string) => Piece[]) | undefined {
  for (const { single_word: single, lstrip, rstrip, content } of tokens) {
    if (single || lstrip || rstrip || content.normalize("NFC") !== content) return undefined;
  }
  // The library looks for those that are found in normalised text after all others.
  const passes = [false, true]
    .map((normalized) => tokens.filter((token) => Boolean(token.normalized) === normalized))
    .filter((pass) => pass.length > 0)
    .map(finder);
  return (text) => {
    let pieces: Piece[] = [{ text }];
    for (const find of passes) {
      pieces = pieces.flatMap((piece) => (piece.id === undefined ? find(piece.text) : [piece]));
    }
    return pieces;
  };
}

/** The leftmost token, of several at one place the longest. */
function finder(tokens: readonly AddedToken[]): (text: string) => Piece[] {
  const ids = new Map(tokens.map(({ content, id }) => [content, id]));
  ids.delete("");
  const longestFirst = [...ids.keys()].sort((a, b) => b.length - a.length);
  const regex = new RegExp(longestFirst.map(escapeRegExp).join("|") || "(?!)", "g");
  return (text) => {
    const pieces: Piece[] = [];
    let at = 0;
    for (const { 0: found, index } of text.matchAll(regex)) {
      if (index > at) pieces.push({ text: text.slice(at, index) });
      pieces.push({ text: found, id: ids.get(found)! });
      at = index + found.length;
    }
    if (at < text.length) pieces.push({ text: text.slice(at) });
    return pieces;
  };
}
