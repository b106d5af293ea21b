/** Splits a set of candidates into rows that stay and their duplicates. */
import { inOrderOfKeeping, type KeepRule, type KeptRow, keptMember } from "./clusters.js";
import { estimatedSimilarity, type Records } from "./records.js";
import type { RowTexts } from "./rowTexts.js";
import { jaccardSimilarity, shingleHashes } from "./signatures.js";

/**
 * One stays, all others go, with the similarity that the signatures tell.
 * @param similarities of each row to the one that stands for it, [rows]; those of the members are set
 */
export function oneRepresentative(
  members: readonly number[],
  keep: KeepRule,
  records: Records,
  similarities: Float32Array,
): KeptRow {
  const row = keptMember(members, keep, records);
  const { signature } = records.at(row);
  const removed = members.filter((member) => member !== row);
  for (const other of removed) {
    const { signature: own } = records.at(other);
    similarities[other] = estimatedSimilarity(signature, own, records.parameters);
  }
  return { row, removed };
}

/**
 * A row goes where its true Jaccard similarity with one that stays is at least the threshold, and
 * stays otherwise. Takes at most rows x rows that stay comparisons.
 * @param similarities as in {@link oneRepresentative}
 */
export async function checkedRepresentatives(
  members: readonly number[],
  keep: KeepRule,
  records: Records,
  similarities: Float32Array,
  { texts, threshold }: { texts: RowTexts; threshold: number },
): Promise<KeptRow[]> {
  const kept: (KeptRow & { hashes: BigUint64Array })[] = [];
  for (const row of inOrderOfKeeping(members, keep, records)) {
    const hashes = shingleHashes(await texts.text(row), records.parameters);
    const found = kept.find((candidate) => {
      const similarity = jaccardSimilarity(candidate.hashes, hashes);
      if (similarity >= threshold) similarities[row] = similarity;
      return similarity >= threshold;
    });
    if (found) found.removed.push(row);
    else kept.push({ row, removed: [], hashes });
  }
  return kept.map(({ row, removed }) => ({ row, removed }));
}
