/** Estimates of how many rows say what another row says, in bounded memory. */
import { bands, type Fingerprints, similarity, sketchBins } from "./fingerprint.js";

export interface DuplicateEstimate {
  /** Rows whose roles and texts are all those of an earlier row. */
  exact: { share: number; largest: number; first: [row: number, row: number] | undefined };
  /** Rows whose first prompt is that of an earlier row, of those that have one. */
  prompts: { share: number };
  /** Rows that are alike to another one, but one of each cluster; exact ones included. */
  near: {
    share: number;
    comparedRows: number;
    largest: number;
    first: [row: number, row: number] | undefined;
  };
  /** Whether every row that was looked at took part. */
  complete: boolean;
}

export interface DuplicateCounter {
  /** @param rows the row number of each fingerprint */
  add(prints: Fingerprints, rows: ArrayLike<number>): void;
  estimate(): DuplicateEstimate;
}

/** Similarity from which two rows are near-duplicates. */
export const nearThreshold = 0.7;

/**
 * @param mostHashes hashes kept; beyond, only those whose last bits are zero are (adaptive sampling,
 * Flajolet 1990), which keeps shares unbiased
 * @param mostSketches sketches kept; beyond, every second, fourth, … row is compared
 */
export function duplicateCounter(mostHashes = 1 << 19, mostSketches = 100_000): DuplicateCounter {
  const exact = hashCounter(mostHashes);
  const prompts = hashCounter(mostHashes);
  let sketches = { bands: new Uint32Array(0), bits: new Uint8Array(0), rows: new Float64Array(0) };
  let count = 0;
  let seen = 0;
  let stride = 1;

  const grow = () => {
    const size = Math.min(mostSketches, Math.max(1024, 2 * sketches.rows.length));
    const larger = {
      bands: new Uint32Array(size * bands),
      bits: new Uint8Array(size * sketchBins),
      rows: new Float64Array(size),
    };
    larger.bands.set(sketches.bands);
    larger.bits.set(sketches.bits);
    larger.rows.set(sketches.rows);
    sketches = larger;
  };
  const keepEverySecond = () => {
    stride *= 2;
    const kept = Math.ceil(count / 2);
    for (let row = 0; row < kept; row++) {
      sketches.rows[row] = sketches.rows[2 * row]!;
      sketches.bands.copyWithin(row * bands, 2 * row * bands, (2 * row + 1) * bands);
      sketches.bits.copyWithin(row * sketchBins, 2 * row * sketchBins, (2 * row + 1) * sketchBins);
    }
    count = kept;
  };
  return {
    add(prints, rows) {
      for (let index = 0; index < rows.length; index++) {
        const row = rows[index]!;
        exact.add(prints.exact[index]!, row);
        if (!Number.isNaN(prints.prompt[index]!)) prompts.add(prints.prompt[index]!, row);
        if (seen++ % stride !== 0) continue;
        if (count === mostSketches) {
          keepEverySecond();
          if ((seen - 1) % stride !== 0) continue;
        }
        if (count === sketches.rows.length) grow();
        sketches.rows[count] = row;
        sketches.bands.set(
          prints.bands.subarray(index * bands, (index + 1) * bands),
          count * bands,
        );
        const from = index * sketchBins;
        sketches.bits.set(prints.bits.subarray(from, from + sketchBins), count * sketchBins);
        count++;
      }
    },
    estimate: () => ({
      exact: exact.estimate(),
      prompts: { share: prompts.estimate().share },
      near: nearDuplicates(sketches, count),
      complete: exact.complete() && prompts.complete() && stride === 1,
    }),
  };
}

/** Counts equal hashes. */
function hashCounter(most: number) {
  let level = 1;
  let added = 0;
  const entries = new Map<number, { count: number; row: number }>();
  let first: [number, number] | undefined;
  return {
    add(hash: number, row: number) {
      if (hash % level !== 0) return;
      added++;
      const entry = entries.get(hash);
      if (entry) {
        entry.count++;
        first ??= [entry.row, row];
        return;
      }
      entries.set(hash, { count: 1, row });
      while (entries.size > most) {
        level *= 2;
        for (const [known, { count }] of entries) {
          if (known % level === 0) continue;
          entries.delete(known);
          added -= count;
        }
      }
    },
    complete: () => level === 1,
    estimate() {
      let largest = 0;
      for (const { count } of entries.values()) largest = Math.max(largest, count);
      const share = added === 0 ? 0 : (added - entries.size) / added;
      return { share, largest: largest > 1 ? largest : 0, first };
    },
  };
}

/** Rows that agree in a band are compared with the first of that band's bucket, and joined. */
function nearDuplicates(
  sketches: { bands: Uint32Array; bits: Uint8Array; rows: Float64Array },
  count: number,
): DuplicateEstimate["near"] {
  const parents = Int32Array.from({ length: count }, (_, row) => row);
  const root = (row: number) => {
    let at = row;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!;
      at = parents[at]!;
    }
    return at;
  };
  let first: [number, number] | undefined;
  const rowBits = 2 ** 20;
  for (let band = 0; band < bands; band++) {
    const keys = Float64Array.from(
      { length: count },
      (_, row) => sketches.bands[row * bands + band]! * rowBits + row,
    ).sort();
    let leader = -1;
    let leaderHash = -1;
    for (const key of keys) {
      const row = key % rowBits;
      const hash = (key - row) / rowBits;
      if (hash !== leaderHash) {
        leader = row;
        leaderHash = hash;
        continue;
      }
      const [a, b] = [root(leader), root(row)];
      if (a === b || similarity(sketches.bits, leader, row) < nearThreshold) continue;
      parents[Math.max(a, b)] = Math.min(a, b);
      first ??= [sketches.rows[leader]!, sketches.rows[row]!];
    }
  }
  const sizes = new Map<number, number>();
  for (let row = 0; row < count; row++) sizes.set(root(row), (sizes.get(root(row)) ?? 0) + 1);
  let largest = 0;
  for (const size of sizes.values()) largest = Math.max(largest, size);
  return {
    share: count === 0 ? 0 : (count - sizes.size) / count,
    comparedRows: count,
    largest: largest > 1 ? largest : 0,
    first,
  };
}
