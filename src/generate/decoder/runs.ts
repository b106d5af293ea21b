/** Which rows one call of attention serves. */

/** Consecutive rows of the storage, padded to the longest of them. */
export interface Run {
  /** Index of the first among the rows that were given. */
  at: number;
  count: number;
  longest: number;
}

/**
 * Divides rows into runs so that padding and calls together cost the least.
 *
 * @param rows in order of their places
 * @param perCall what a call costs, in tokens of one row
 */
export function attentionRuns(
  rows: readonly { row: number; length: number }[],
  perCall: number,
): Run[] {
  // best[i]: the least that the first i rows cost, with the run that they end in.
  const best: { cost: number; run: Run | null }[] = [{ cost: 0, run: null }];
  for (let end = 1; end <= rows.length; end++) {
    let choice: { cost: number; run: Run | null } = { cost: Number.POSITIVE_INFINITY, run: null };
    let longest = 0;
    for (let at = end - 1; at >= 0; at--) {
      if (at < end - 1 && rows[at]!.row + 1 !== rows[at + 1]!.row) break;
      longest = Math.max(longest, rows[at]!.length);
      const cost = best[at]!.cost + perCall + longest * (end - at);
      if (cost < choice.cost) choice = { cost, run: { at, count: end - at, longest } };
    }
    best.push(choice);
  }
  const runs: Run[] = [];
  for (let end = rows.length; end > 0; end -= runs[0]!.count) runs.unshift(best[end]!.run!);
  return runs;
}
