/** Byte-pair merges recovered from a SentencePiece vocabulary, which stores only scores. */

/**
 * Every way to cut a piece into two pieces is a merge, the better the piece's score the earlier.
 * Ties go to longer left halves, then longer right halves, then the order of the vocabulary: the
 * order of `generate_merges` in transformers, on which the ids depend.
 */
export function mergesFromScores(
  tokens: readonly string[],
  scores: ArrayLike<number>,
): [string, string][] {
  const ids = new Map(tokens.map((token, id) => [token, id]));
  interface Merge {
    pair: [string, string];
    score: number;
    leftLength: number;
    rightLength: number;
  }
  const merges: Merge[] = [];
  for (const [piece, id] of ids) {
    const characters = Array.from(piece);
    const local: Merge[] = [];
    let left = "";
    for (let cut = 1; cut < characters.length; cut++) {
      left += characters[cut - 1];
      const right = piece.slice(left.length);
      if (!ids.has(left) || !ids.has(right)) continue;
      local.push({
        pair: [left, right],
        score: scores[id]!,
        leftLength: cut,
        rightLength: characters.length - cut,
      });
    }
    local.sort(
      (a, b) =>
        ids.get(a.pair[0])! - ids.get(b.pair[0])! || ids.get(a.pair[1])! - ids.get(b.pair[1])!,
    );
    merges.push(...local);
  }
  merges.sort(
    (a, b) => b.score - a.score || b.leftLength - a.leftLength || b.rightLength - a.rightLength,
  );
  return merges.map((merge) => merge.pair);
}
