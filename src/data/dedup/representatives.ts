/** Splits a set of candidates into rows that stay and their duplicates. */
import type { KeptRow } from "./clusters.js";
import type { SignatureParameters } from "./parameters.js";
import { estimatedSimilarity, type Records } from "./records.js";
import type { RowTexts } from "./rowTexts.js";
import { jaccardSimilarity, shingleHashes } from "./signatures.js";

/** The first stays, all others go, with the similarity that the signatures tell. */
export async function oneRepresentative(
  ordered: readonly number[],
  records: Records,
): Promise<KeptRow[]> {
  const [row, ...others] = ordered as [number];
  const { signature } = await records.at(row);
  const removed: KeptRow["removed"] = [];
  for (const other of others) {
    const { signature: own } = await records.at(other);
    removed.push({
      row: other,
      similarity: estimatedSimilarity(signature, own, records.parameters),
    });
  }
  return [{ row, removed }];
}

/**
 * A row goes where its true Jaccard similarity with one that stays is at least the threshold, and
 * stays otherwise. Takes at most rows x rows that stay comparisons.
 */
export async function checkedRepresentatives(
  ordered: readonly number[],
  texts: RowTexts,
  parameters: SignatureParameters,
  threshold: number,
): Promise<KeptRow[]> {
  const kept: (KeptRow & { hashes: BigUint64Array })[] = [];
  for (const row of ordered) {
    const hashes = shingleHashes(await texts.text(row), parameters);
    let found: KeptRow | undefined;
    let similarity = 0;
    for (const candidate of kept) {
      similarity = jaccardSimilarity(candidate.hashes, hashes);
      if (similarity >= threshold) {
        found = candidate;
        break;
      }
    }
    if (found) found.removed.push({ row, similarity });
    else kept.push({ row, removed: [], hashes });
  }
  return kept.map(({ row, removed }) => ({ row, removed }));
}
