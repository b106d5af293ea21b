/** Sets of duplicates: who belongs together, who stays. */
import type { Records, RowRecord } from "./records.js";

/** Which member of a cluster stays; among equals the first. */
export const keepRules = ["first", "last", "longest", "most-turns"] as const;
export type KeepRule = (typeof keepRules)[number];

/**
 * The clusters of more than one row, each in ascending order. Who takes one may change the roots of
 * its members.
 * @param roots smallest row of the set of every row, [rows]; four bytes a row are made beside it
 */
export function* clustersOf(roots: Uint32Array): Generator<number[]> {
  const rows = roots.length;
  // A list for each root. Row 0 is a root always, so 0 can end a list.
  const next = new Uint32Array(rows);
  for (let row = rows - 1; row >= 0; row--) {
    const root = roots[row]!;
    if (root === row) continue;
    next[row] = next[root]!;
    next[root] = row;
  }
  for (let root = 0; root < rows; root++) {
    if (roots[root] !== root || next[root] === 0) continue;
    const members: number[] = [];
    for (let row = root; ; ) {
      members.push(row);
      const following = next[row]!;
      next[row] = 0;
      if (following === 0) break;
      row = following;
    }
    yield members;
  }
}

/** A row that stays, and those that it stands for. */
export interface KeptRow {
  row: number;
  removed: number[];
}

/** The member that stays. */
export function keptMember(members: readonly number[], rule: KeepRule, records: Records): number {
  if (rule === "first") return members[0]!;
  if (rule === "last") return members[members.length - 1]!;
  let kept = -1;
  let largest = -1;
  for (const row of members) {
    const size = sizeBy(records.at(row), rule);
    if (size <= largest) continue;
    kept = row;
    largest = size;
  }
  return kept;
}

/** Members, given in ascending order, in the order in which they would be kept. */
export function inOrderOfKeeping(
  members: readonly number[],
  rule: KeepRule,
  records: Records,
): number[] {
  if (rule === "first") return [...members];
  if (rule === "last") return [...members].reverse();
  const sized = members.map((row) => ({ row, size: sizeBy(records.at(row), rule) }));
  sized.sort((a, b) => b.size - a.size || a.row - b.row);
  return sized.map(({ row }) => row);
}

function sizeBy({ length, turns }: RowRecord, rule: KeepRule): number {
  return rule === "longest" ? length : turns;
}
