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

/**
 * The way back: a score for each id, the higher the earlier its merges come. Tokens that are no
 * result have 0.
 *
 * @param merges two tokens with a space between, best first
 * @returns undefined where merges with the same result are apart, which scores cannot say
 */
export function scoresFromMerges(
  vocabulary: Readonly<Record<string, number>>,
  merges: readonly string[],
): number[] | undefined {
  const scores: number[] = [];
  for (const id of Object.values(vocabulary)) scores[id] = 0;
  let before: string | undefined;
  let results = 0;
  for (const merge of merges) {
    const result = merge.replace(" ", "");
    if (result === before) continue;
    const id = vocabulary[result];
    if (id === undefined || scores[id] !== 0) return undefined;
    results += 1;
    scores[id] = -results;
    before = result;
  }
  return scores;
}
