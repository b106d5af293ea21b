/**
 * Byte-pair merging (Sennrich et al., 2016, arXiv 1508.07909; over bytes as in GPT-2): of all
 * neighbours in a word, the pair that was learnt first is joined, the leftmost of equals, until no
 * pair is left that was learnt.
 */
import { placeQueue } from "../placeQueue.js";

/** From the bytes of a word to ids. */
export type MergeBytes = (bytes: Uint8Array) => number[];

/**
 * @param byteIds ids of the 256 bytes
 * @param merges [merges * 3] the ids that are joined and the id of the result, in the order in which
 *   they were learnt
 */
export function createByteMerger(byteIds: Int32Array, merges: Int32Array): MergeBytes {
  const table = pairTable(merges);
  let capacity = 0;
  let ids = new Int32Array(0);
  let next = new Int32Array(0);
  let previous = new Int32Array(0);
  const queue = placeQueue();

  const consider = (left: number, end: number) => {
    const right = next[left]!;
    if (right >= end) return;
    const rank = table.find(ids[left]!, ids[right]!);
    if (rank >= 0) queue.push(rank, left);
  };

  return (bytes) => {
    const { length } = bytes;
    if (length > capacity) {
      capacity = Math.max(64, 2 * length);
      ids = new Int32Array(capacity);
      next = new Int32Array(capacity);
      previous = new Int32Array(capacity);
    }
    for (let at = 0; at < length; at++) {
      ids[at] = byteIds[bytes[at]!]!;
      next[at] = at + 1;
      previous[at] = at - 1;
    }
    for (let at = 0; at < length; at++) consider(at, length);
    for (let rank = queue.pop(); rank >= 0; rank = queue.pop()) {
      const left = queue.place();
      // What was queued may have been joined otherwise since; a joined right half has the id -1.
      const right = next[left]!;
      if (ids[left]! < 0 || right >= length || table.find(ids[left]!, ids[right]!) !== rank)
        continue;
      ids[left] = table.result(rank);
      ids[right] = -1;
      const after = next[right]!;
      next[left] = after;
      if (after < length) previous[after] = left;
      consider(left, length);
      if (previous[left]! >= 0) consider(previous[left]!, length);
    }
    const merged: number[] = [];
    for (let at = 0; at < length; at = next[at]!) merged.push(ids[at]!);
    return merged;
  };
}

/** Ranks by pairs of ids: a table with open addressing, since a Map of numbers takes ten times the memory. */
function pairTable(merges: Int32Array) {
  let size = 16;
  while (size < merges.length) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  const slotOf = (left: number, right: number) => {
    let slot = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b);
    slot = (slot ^ (slot >>> 15)) & (size - 1);
    for (;;) {
      const rank = slots[slot]!;
      if (rank < 0 || (merges[3 * rank] === left && merges[3 * rank + 1] === right)) return slot;
      slot = (slot + 1) & (size - 1);
    }
  };
  // Of a pair that stands twice the last counts, as in the reference.
  for (let rank = 0; 3 * rank < merges.length; rank++) {
    slots[slotOf(merges[3 * rank]!, merges[3 * rank + 1]!)] = rank;
  }
  return {
    /** The rank of a pair, or -1. */
    find: (left: number, right: number) => slots[slotOf(left, right)]!,
    result: (rank: number) => merges[3 * rank + 2]!,
  };
}
