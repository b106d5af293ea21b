/** How often each n-gram of a sequence of numbers occurs, exactly and in linear time. */

/**
 * Counts of the distinct n-grams, in the order of their first occurrence.
 *
 * A rolling hash finds the candidates in an open table; equality is checked on the sequence
 * itself, so that the counts are exact.
 * @param units characters or word numbers, [length]
 * @param n length of an n-gram, at least 1
 * @returns [number of distinct n-grams]; empty when the sequence is shorter than `n`
 */
export function ngramCounts(units: Int32Array, n: number): Int32Array {
  const positions = units.length - n + 1;
  if (positions <= 0) return new Int32Array(0);
  const size = 2 ** Math.ceil(Math.log2(positions * 2));
  const table = new Int32Array(size).fill(-1);
  const first = new Int32Array(positions);
  const counts = new Int32Array(positions);
  const base = 0x01000193;
  let leading = 1;
  for (let index = 1; index < n; index++) leading = Math.imul(leading, base);
  let hash = 0;
  for (let index = 0; index < n - 1; index++) hash = (Math.imul(hash, base) + units[index]!) | 0;
  let distinct = 0;
  for (let start = 0; start < positions; start++) {
    hash = (Math.imul(hash, base) + units[start + n - 1]!) | 0;
    let slot = mix(hash) & (size - 1);
    let entry = table[slot]!;
    while (entry >= 0 && !sameNgram(units, first[entry]!, start, n)) {
      slot = (slot + 1) & (size - 1);
      entry = table[slot]!;
    }
    if (entry < 0) {
      entry = distinct++;
      table[slot] = entry;
      first[entry] = start;
    }
    counts[entry]!++;
    hash = (hash - Math.imul(units[start]!, leading)) | 0;
  }
  return counts.subarray(0, distinct);
}

function sameNgram(units: Int32Array, left: number, right: number, n: number): boolean {
  for (let index = 0; index < n; index++) {
    if (units[left + index] !== units[right + index]) return false;
  }
  return true;
}

/** The finaliser of MurmurHash3: every bit of the hash reaches the table's index. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
