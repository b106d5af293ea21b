/**
 * Cuts text where no piece can reach over: between two characters that stand side by side in no
 * piece. Runs between such places are cut into pieces apart, to the same pieces as all at once.
 */

/** Bits of the table of pairs; two pairs that share a bit only make a run longer. */
const tableBits = 22;

/** @returns ends of the runs of `text[from, to)`, ascending; the last is `to` */
export type SplitRuns = (text: string, from: number, to: number) => Iterable<number>;

export function createRunSplitter(pieces: Iterable<string>): SplitRuns {
  const table = new Uint32Array(2 ** (tableBits - 5));
  const bitOf = (left: number, right: number) =>
    Math.imul((left << 16) | right, 0x9e3779b1) >>> (32 - tableBits);
  for (const piece of pieces) {
    for (let at = 1; at < piece.length; at++) {
      const bit = bitOf(piece.charCodeAt(at - 1), piece.charCodeAt(at));
      table[bit >>> 5]! |= 1 << (bit & 31);
    }
  }
  return function* (text, from, to) {
    let left = text.charCodeAt(from);
    for (let at = from + 1; at < to; at++) {
      const right = text.charCodeAt(at);
      const bit = bitOf(left, right);
      const isInside = (table[bit >>> 5]! >>> (bit & 31)) & 1 || (right & 0xfc00) === 0xdc00;
      if (!isInside) yield at;
      left = right;
    }
    if (from < to) yield to;
  };
}
