/** From n-grams to where they stand: a hash table with open addresses, of numbers only. */

/** Keys are integers from 1 to 2^53; each has a list of values from 0 on. */
export interface NgramTable {
  add(key: number, value: number): void;
  /** The first entry of a key, or -1. */
  first(key: number): number;
  /** The entry after another of the same key, or -1. */
  next(entry: number): number;
  value(entry: number): number;
}

/** @param capacity most entries that will be added */
export function ngramTable(capacity: number): NgramTable {
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, capacity * 2)));
  const keys = new Float64Array(size);
  const heads = new Int32Array(size);
  const nexts = new Int32Array(capacity);
  const values = new Int32Array(capacity);
  let entries = 0;
  const slotOf = (key: number) => {
    let slot = (Math.imul(key, 0x9e3779b1) ^ (key / 2 ** 21)) & (size - 1);
    while (keys[slot] !== 0 && keys[slot] !== key) slot = (slot + 1) & (size - 1);
    return slot;
  };
  return {
    add(key, value) {
      const slot = slotOf(key);
      nexts[entries] = keys[slot] === 0 ? -1 : heads[slot]!;
      keys[slot] = key;
      heads[slot] = entries;
      values[entries++] = value;
    },
    first(key) {
      const slot = slotOf(key);
      return keys[slot] === 0 ? -1 : heads[slot]!;
    },
    next: (entry) => nexts[entry]!,
    value: (entry) => values[entry]!,
  };
}
