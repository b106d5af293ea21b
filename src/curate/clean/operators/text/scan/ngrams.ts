/** The n-grams of a sequence of numbers, told apart exactly and in linear time. */

/** The n-grams of a sequence, numbered in the order of their first occurrence. */
export interface Ngrams {
  /** Number of the n-gram that begins at each place, [length - n + 1]. */
  numbers: Int32Array;
  /** How often each n-gram occurs, [distinct]. */
  counts: Int32Array;
}

/**
 * Numbers the n-grams of a sequence. A rolling hash finds the candidates in an open table; equality
 * is checked on the sequence itself, so that the numbers are exact.
 * @param units characters or word numbers, [length]
 * @param n length of an n-gram, at least 1
 * @returns nothing numbered when the sequence is shorter than `n`
 */
export function numberNgrams(units: Int32Array, n: number): Ngrams {
  const positions = Math.max(0, units.length - n + 1);
  const size = 2 ** Math.ceil(Math.log2(Math.max(1, positions) * 2));
  const table = new Int32Array(size).fill(-1);
  const numbers = new Int32Array(positions);
  const first = new Int32Array(positions);
  const counts = new Int32Array(positions);
  const base = 0x01000193;
  let leading = 1;
  for (let index = 1; index < n; index++) leading = Math.imul(leading, base);
  let hash = 0;
  for (let index = 0; index < n - 1 && positions > 0; index++) {
    hash = (Math.imul(hash, base) + units[index]!) | 0;
  }
  let distinct = 0;
  for (let start = 0; start < positions; start++) {
    hash = (Math.imul(hash, base) + units[start + n - 1]!) | 0;
    let slot = mix(hash) & (size - 1);
    let number = table[slot]!;
    while (number >= 0 && !sameNgram(units, first[number]!, start, n)) {
      slot = (slot + 1) & (size - 1);
      number = table[slot]!;
    }
    if (number < 0) {
      number = distinct++;
      table[slot] = number;
      first[number] = start;
    }
    numbers[start] = number;
    counts[number]!++;
    hash = (hash - Math.imul(units[start]!, leading)) | 0;
  }
  return { numbers, counts: counts.subarray(0, distinct) };
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
