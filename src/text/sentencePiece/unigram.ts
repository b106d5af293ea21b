/**
 * SentencePiece's unigram model (Kudo, 2018, arXiv 1804.10959): of all ways to cut a text into pieces,
 * the one with the highest sum of scores (Viterbi's algorithm).
 */
import { pieceType, type SentencePieceModel } from "../../format/index.js";
import type { CutText } from "./cutText.js";
import { createPieceTrie } from "./pieceTrie.js";

/** What an unknown character scores below the lowest piece. */
const unknownPenalty = 10;
/** Sums beyond this one start over at 0, as since version 0.2.3 of the library. */
const largestSum = 100_000;

/** Places for which the sums are kept from one text to the next: under a megabyte. */
const largestKept = 2 ** 16;

/** @param symbols user-defined ones, which are taken wherever they occur */
export function createUnigramCutter(
  model: SentencePieceModel,
  symbols: ReadonlyMap<string, number>,
): CutText {
  const { pieces, scores, types, unknownId } = model;
  const trie = createPieceTrie(
    (function* () {
      for (const [id, piece] of pieces.entries()) {
        if (types[id] === pieceType.normal || symbols.has(piece)) yield [piece, id] as const;
      }
    })(),
  );
  const { weights, unknown } = pieceWeights(model, scores);
  // Sums are kept in single precision, as the library does: near ties depend on it.
  let best = new Float32Array(0);
  let from = new Int32Array(0);
  let ids = new Int32Array(0);
  const clear = (size: number) => {
    if (size > best.length || best.length > largestKept) {
      best = new Float32Array(Math.max(size, 1024));
      from = new Int32Array(best.length);
      ids = new Int32Array(best.length);
    }
    best.fill(0, 0, size);
    from.fill(-1, 0, size);
  };
  return (text, emit) => {
    const { length } = text;
    clear(length + 1);
    let furthest = 0;
    const consider = (id: number, score: number, start: number, end: number) => {
      if (from[end] !== -1 && score <= best[end]!) return;
      best[end] = score;
      from[end] = start;
      ids[end] = id;
      if (end > furthest) furthest = end;
    };
    for (let start = 0; start < length; ) {
      if (Math.abs(best[start]!) > largestSum) startOver(best, start, furthest);
      const sum = best[start]!;
      const character = text.codePointAt(start)! > 0xffff ? 2 : 1;
      let isPiece = false;
      for (let node = 0, at = start; at < length; ) {
        node = trie.next(node, text.charCodeAt(at++));
        if (node < 0) break;
        const id = trie.value(node);
        if (id < 0) continue;
        consider(id, Math.fround(weights[id]! + sum), start, at);
        if (at - start === character) isPiece = true;
      }
      if (!isPiece) consider(unknownId, Math.fround(unknown + sum), start, start + character);
      start += character;
    }
    const ends: number[] = [];
    for (let end = length; end > 0; end = from[end]!) ends.push(end);
    for (const end of ends.reverse()) emit(ids[end]!, from[end]!, end);
  };
}

/** Takes the sum at a place away from all that are still open, so that they stay precise. */
function startOver(best: Float32Array, start: number, furthest: number): void {
  const sum = best[start]!;
  for (let at = start; at <= furthest; at++) best[at]! -= sum;
}

/**
 * By id what a piece adds to the sum; and what an unknown character does. Of user-defined symbols
 * the longest are preferred, as since version 0.2.3 of the library.
 */
function pieceWeights({ pieces, types }: SentencePieceModel, scores: Float32Array) {
  let lowest = Number.POSITIVE_INFINITY;
  for (const [id, score] of scores.entries()) {
    if (types[id] === pieceType.normal) lowest = Math.min(lowest, score);
  }
  const weights = Float32Array.from(scores, (score, id) =>
    types[id] === pieceType.userDefined ? 0.1 * (Buffer.byteLength(pieces[id]!) - 1) : score,
  );
  return { weights, unknown: Math.fround(lowest - unknownPenalty) };
}
