/** What two texts have in common, by words; in Chinese and Japanese by characters. */

export interface Piece {
  text: string;
  kind: "same" | "gone" | "new";
}

/** More pairs than this are not compared: the whole counts as changed. */
const mostPairs = 4_000_000;

/**
 * The longest common subsequence of words, as pieces in order. Words keep the white space behind them.
 *
 * @returns pieces; all `same` and `new` ones make `after`, all `same` and `gone` ones `before`
 */
export function wordDifference(before: string, after: string): Piece[] {
  const [old, now] = [wordsOf(before), wordsOf(after)];
  if (old.length * now.length > mostPairs) return joined([gone(before), fresh(after)]);
  const lengths = commonLengths(old, now);
  const at = (i: number, j: number) => lengths[i * (now.length + 1) + j]!;
  const pieces: Piece[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      pieces.push({ text: now[j]!, kind: "same" });
      i++;
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) pieces.push(gone(old[i++]!));
    else pieces.push(fresh(now[j++]!));
  }
  pieces.push(...old.slice(i).map(gone), ...now.slice(j).map(fresh));
  return joined(pieces);
}

const gone = (text: string): Piece => ({ text, kind: "gone" });
const fresh = (text: string): Piece => ({ text, kind: "new" });

function wordsOf(text: string): string[] {
  const each =
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]\s*|[\p{L}\p{N}\p{M}'’]+\s*|[^\p{L}\p{N}]\s*/gu;
  return text.match(each) ?? [];
}

/** Length of the longest common subsequence from each pair of places on, [old + 1, now + 1]. */
function commonLengths(old: readonly string[], now: readonly string[]): Uint16Array {
  const width = now.length + 1;
  const lengths = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        old[i] === now[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  return lengths;
}

/** Neighbours of one kind as one piece. */
function joined(pieces: readonly Piece[]): Piece[] {
  const together: Piece[] = [];
  for (const piece of pieces) {
    const last = together.at(-1);
    if (piece.text === "") continue;
    if (last?.kind === piece.kind) last.text += piece.text;
    else together.push({ ...piece });
  }
  return together;
}
