/**
 * SentencePiece's byte-pair encoding: of all neighbours that together are a piece, those with the
 * highest score are joined first, the leftmost of equals.
 */
import { pieceType, type SentencePieceModel } from "../../format/index.js";
import { placeQueue } from "../placeQueue.js";
import type { CutText } from "./cutText.js";
import { createPieceTrie, longestMatch } from "./pieceTrie.js";
import { createRunSplitter } from "./runSplitter.js";

/** The pieces of a run of text, as they are remembered. */
interface Cut {
  ids: readonly number[];
  /** Where each piece begins in the run; the last entry is its length. */
  starts: readonly number[];
}

/** Runs of which the pieces are remembered: some megabytes. */
const rememberedRuns = 50_000;
/** Longer parts of a string are kept by V8 as references to all of it. */
const rememberedLength = 12;

/**
 * @param idOf id of a text, that of the unknown piece where it is none
 * @param symbols user-defined ones, which are never joined with anything
 */
export function createBytePairCutter(
  model: SentencePieceModel,
  idOf: (text: string) => number,
  symbols: ReadonlyMap<string, number>,
): CutText {
  const joined = joinedPieces(model, symbols);
  const cutRun = runCutter(model, joined, idOf);
  const splitRuns = createRunSplitter(joined.ids.keys());
  const trie = symbols.size > 0 ? createPieceTrie(symbols) : undefined;
  let remembered = new Map<string, Cut>();
  const cut = (run: string): Cut => {
    if (run.length > rememberedLength) return cutRun(run);
    let found = remembered.get(run);
    if (found === undefined) {
      if (remembered.size === rememberedRuns) remembered = new Map();
      found = cutRun(run);
      remembered.set(run, found);
    }
    return found;
  };
  return (text, emit) => {
    const cutPlain = (from: number, to: number) => {
      let start = from;
      for (const end of splitRuns(text, from, to)) {
        const { ids, starts } = cut(text.slice(start, end));
        for (let index = 0; index < ids.length; index++) {
          emit(ids[index]!, start + starts[index]!, start + starts[index + 1]!);
        }
        start = end;
      }
    };
    let start = 0;
    for (let at = 0; trie !== undefined && at < text.length; ) {
      const length = longestMatch(trie, text, at);
      if (length > 0) {
        if (start < at) cutPlain(start, at);
        emit(idOf(text.slice(at, at + length)), at, at + length);
        start = at + length;
      }
      at += length || (text.codePointAt(at)! > 0xffff ? 2 : 1);
    }
    if (start < text.length) cutPlain(start, text.length);
  };
}

interface JoinedPieces {
  /** Ids of the texts that joining may give. */
  ids: ReadonlyMap<string, number>;
  /** By id: 0 for the highest score; equal for equal ones. */
  ranks: Int32Array;
  longest: number;
}

function joinedPieces(
  { pieces, scores, types }: SentencePieceModel,
  symbols: ReadonlyMap<string, number>,
): JoinedPieces {
  const ids = new Map<string, number>();
  let longest = 0;
  for (const [id, piece] of pieces.entries()) {
    const type = types[id];
    const isJoined = type === pieceType.normal || type === pieceType.unused || symbols.has(piece);
    if (!isJoined || ids.has(piece)) continue;
    ids.set(piece, id);
    longest = Math.max(longest, piece.length);
  }
  const order = [...ids.values()].sort((a, b) => scores[b]! - scores[a]!);
  const ranks = new Int32Array(pieces.length);
  let rank = 0;
  for (const [place, id] of order.entries()) {
    if (place > 0 && scores[id] !== scores[order[place - 1]!]) rank++;
    ranks[id] = rank;
  }
  return { ids, ranks, longest };
}

/** Cuts a run of characters into pieces. */
function runCutter(
  { types }: SentencePieceModel,
  { ids, ranks, longest }: JoinedPieces,
  idOf: (text: string) => number,
): (run: string) => Cut {
  const queue = placeQueue();
  return (run) => {
    const starts: number[] = [];
    for (let at = 0; at < run.length; at += run.codePointAt(at)! > 0xffff ? 2 : 1) starts.push(at);
    const count = starts.length;
    starts.push(run.length);
    /** Symbol behind each one, `count` behind the last; 0 for one that was joined to its left. */
    const next = Array.from({ length: count }, (_, at) => at + 1);
    const previous = Array.from({ length: count }, (_, at) => at - 1);
    /** Id of each symbol joined with its right neighbour, or -1. */
    const pair: number[] = [];
    const unused = new Map<string, number>();
    const consider = (left: number) => {
      const right = next[left]!;
      pair[left] = -1;
      if (right >= count) return;
      const [from, to] = [starts[left]!, starts[next[right]!]!];
      if (to - from > longest) return;
      const text = run.slice(from, to);
      const id = ids.get(text);
      if (id === undefined) return;
      pair[left] = id;
      queue.push(ranks[id]!, left);
      if (types[id] === pieceType.unused) unused.set(text, starts[right]! - from);
    };
    for (let at = 0; at < count; at++) consider(at);
    for (let rank = queue.pop(); rank >= 0; rank = queue.pop()) {
      const left = queue.place();
      // What was queued may have been joined otherwise since.
      if (next[left] === 0 || pair[left]! < 0 || ranks[pair[left]!] !== rank) continue;
      const right = next[left]!;
      const after = next[right]!;
      next[right] = 0;
      next[left] = after;
      if (after < count) previous[after] = left;
      consider(left);
      if (previous[left]! >= 0) consider(previous[left]!);
    }
    const cut = { ids: [] as number[], starts: [] as number[] };
    const add = (from: number, to: number) => {
      const text = run.slice(from, to);
      const id = idOf(text);
      // A piece that is not used is taken apart again.
      const half = types[id] === pieceType.unused ? unused.get(text) : undefined;
      if (half === undefined) {
        cut.ids.push(id);
        cut.starts.push(from);
        return;
      }
      add(from, from + half);
      add(from + half, to);
    };
    for (let at = 0; at < count; at = next[at]!) add(starts[at]!, starts[next[at]!]!);
    cut.starts.push(run.length);
    return cut;
  };
}
