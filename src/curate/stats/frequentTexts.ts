/** The most frequent of many hashes, in bounded memory. */

export interface FrequentCounter {
  add(hash: number, row: number): void;
  /** Hashes that came at least twice, the most frequent first. */
  top(most: number): { rows: number; row: number }[];
  /** Whether all counts are exact; otherwise some are too low. */
  exact(): boolean;
}

/** @param most hashes kept; beyond, those that came only once so far are forgotten (lossy counting) */
export function frequentCounter(most = 1 << 19): FrequentCounter {
  const entries = new Map<number, { rows: number; row: number }>();
  let exact = true;
  let floor = 1;
  return {
    add(hash, row) {
      const entry = entries.get(hash);
      if (entry) {
        entry.rows++;
        return;
      }
      while (entries.size >= most) {
        exact = false;
        const before = entries.size;
        for (const [known, { rows }] of entries) if (rows <= floor) entries.delete(known);
        if (entries.size === before) floor++;
      }
      entries.set(hash, { rows: 1, row });
    },
    top: (count) =>
      [...entries.values()]
        .filter(({ rows }) => rows > 1)
        .sort((a, b) => b.rows - a.rows || a.row - b.row)
        .slice(0, count),
    exact: () => exact,
  };
}
