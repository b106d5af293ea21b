/** How much two texts have in common, as lists of words or characters. */

/** F1 of what both have, each as often as in both (as SQuAD's: Rajpurkar et al., 2016, arXiv 1606.05250). */
export function commonF1(ours: readonly string[], theirs: readonly string[]): number {
  const left = new Map<string, number>();
  for (const one of theirs) left.set(one, (left.get(one) ?? 0) + 1);
  let common = 0;
  for (const one of ours) {
    const count = left.get(one) ?? 0;
    if (count > 0) common++;
    left.set(one, count - 1);
  }
  return harmonic(common, ours, theirs);
}

/** F1 of the longest common subsequence: ROUGE-L with equal weights (Lin, 2004, ACL W04-1013). */
export function longestCommonF1(ours: readonly string[], theirs: readonly string[]): number {
  let row = new Uint32Array(theirs.length + 1);
  for (const one of ours) {
    const next = new Uint32Array(theirs.length + 1);
    theirs.forEach((other, i) => {
      next[i + 1] = one === other ? row[i]! + 1 : Math.max(row[i + 1]!, next[i]!);
    });
    row = next;
  }
  return harmonic(row.at(-1)!, ours, theirs);
}

/** Harmonic mean of precision and recall; two empty texts agree. */
function harmonic(common: number, ours: readonly string[], theirs: readonly string[]): number {
  const all = ours.length + theirs.length;
  return all === 0 ? 1 : (2 * common) / all;
}
