/** Splits a set of candidates into rows that stay and their duplicates. */
import type { Banding } from "./bands.js";
import { inOrderOfKeeping, type KeepRule, type KeptRow, keptMember } from "./clusters.js";
import { type Comparable, isToldApart } from "./comparable.js";
import { keptRows } from "./keptRows.js";
import { estimatedSimilarity, type Records } from "./records.js";
import { jaccardSimilarity } from "./signatures.js";

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

export interface CheckOptions {
  /** What is compared of a row. */
  comparableOf(row: number): Promise<Comparable>;
  threshold: number;
  banding: Banding;
  /** Bits that SimHashes of duplicates may differ in. */
  distance: number;
}

/**
 * A row goes where it is like one that stays: equal to it, or with a true Jaccard similarity of at least
 * the threshold (SimHash: at most `distance` bits) and nothing that tells them apart. It stays
 * otherwise, so that a chain of rows that are like their neighbours is not one row.
 * @param similarities as in {@link oneRepresentative}
 */
export async function checkedRepresentatives(
  members: readonly number[],
  keep: KeepRule,
  records: Records,
  similarities: Float32Array,
  { comparableOf, threshold, banding, distance }: CheckOptions,
): Promise<KeptRow[]> {
  const { parameters } = records;
  const isSimHash = parameters.method === "simhash";
  const least = isSimHash ? 1 - distance / 64 : threshold;
  /** How alike two rows are, or undefined where they are different. */
  const likeness = async (row: number, other: number): Promise<number | undefined> => {
    const [{ signature }, { signature: others }] = [records.at(row), records.at(other)];
    const estimate = isSimHash ? estimatedSimilarity(signature, others, parameters) : undefined;
    if (estimate !== undefined && estimate < least) return undefined;
    const [one, two] = [await comparableOf(row), await comparableOf(other)];
    const similarity = estimate ?? jaccardSimilarity(one.shingles, two.shingles);
    return similarity >= least && !isToldApart(one, two, threshold) ? similarity : undefined;
  };
  const kept = keptRows(parameters, banding);
  for (const row of inOrderOfKeeping(members, keep, records)) {
    const record = records.at(row);
    const equal = kept.equalTo(record);
    let found = equal && { kept: equal, similarity: 1 };
    for (const candidate of equal ? [] : kept.candidates(record)) {
      const similarity = await likeness(row, candidate.row);
      if (similarity === undefined) continue;
      found = { kept: candidate, similarity };
      break;
    }
    if (found) {
      found.kept.removed.push(row);
      similarities[row] = found.similarity;
    } else kept.add(row, record);
  }
  return kept.rows;
}
