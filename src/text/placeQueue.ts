/** What byte-pair merging takes its next pair from. */

/** Places by rank, the lowest first and of equals the leftmost: a binary heap. */
export function placeQueue() {
  const places = 2 ** 31;
  let keys = new Float64Array(64);
  let length = 0;
  let popped = 0;
  return {
    push(rank: number, place: number) {
      if (length === keys.length) {
        const larger = new Float64Array(2 * length);
        larger.set(keys);
        keys = larger;
      }
      const key = rank * places + place;
      let at = length++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (keys[parent]! <= key) break;
        keys[at] = keys[parent]!;
        at = parent;
      }
      keys[at] = key;
    },
    /** The lowest rank, taken off, or -1; then `place` is its place. */
    pop(): number {
      if (length === 0) return -1;
      popped = keys[0]!;
      const key = keys[--length]!;
      let at = 0;
      for (let child = 1; child < length; child = 2 * at + 1) {
        if (child + 1 < length && keys[child + 1]! < keys[child]!) child++;
        if (keys[child]! >= key) break;
        keys[at] = keys[child]!;
        at = child;
      }
      keys[at] = key;
      return Math.floor(popped / places);
    },
    place: () => popped % places,
  };
}
