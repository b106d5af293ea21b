/** Texts by their UTF-16 units: which of many begin at a place. */

export interface PieceTrie {
  /** The node behind `unit`, or -1. The root is 0. */
  next(node: number, unit: number): number;
  /** Number of the text that ends at a node, or -1. */
  value(node: number): number;
}

/** @param texts with their numbers; none is empty */
export function createPieceTrie(texts: Iterable<readonly [string, number]>): PieceTrie {
  let values = new Int32Array(1024).fill(-1);
  let nodes = 1;
  let size = 4096;
  let keys = new Float64Array(size).fill(-1);
  let targets = new Int32Array(size);
  // A table with open addressing, since a Map of numbers takes several times the memory.
  const slotOf = (key: number, node: number, unit: number) => {
    let slot = Math.imul(Math.imul(node, 0x9e3779b1) ^ unit, 0x85ebca6b);
    slot = (slot ^ (slot >>> 15)) & (size - 1);
    while (keys[slot] !== key && keys[slot] !== -1) slot = (slot + 1) & (size - 1);
    return slot;
  };
  const grow = () => {
    const [oldKeys, oldTargets] = [keys, targets];
    size *= 2;
    keys = new Float64Array(size).fill(-1);
    targets = new Int32Array(size);
    for (const [index, key] of oldKeys.entries()) {
      if (key === -1) continue;
      const slot = slotOf(key, Math.floor(key / 65536), key % 65536);
      keys[slot] = key;
      targets[slot] = oldTargets[index]!;
    }
  };
  const add = (node: number, unit: number): number => {
    const key = node * 65536 + unit;
    const slot = slotOf(key, node, unit);
    if (keys[slot] === key) return targets[slot]!;
    keys[slot] = key;
    targets[slot] = nodes;
    if (nodes === values.length) {
      const larger = new Int32Array(2 * nodes).fill(-1);
      larger.set(values);
      values = larger;
    }
    const added = nodes++;
    if (2 * nodes > size) grow();
    return added;
  };
  for (const [text, value] of texts) {
    let node = 0;
    for (let at = 0; at < text.length; at++) node = add(node, text.charCodeAt(at));
    values[node] = value;
  }
  return {
    next(node, unit) {
      const key = node * 65536 + unit;
      const slot = slotOf(key, node, unit);
      return keys[slot] === key ? targets[slot]! : -1;
    },
    value: (node) => values[node]!,
  };
}

/** The longest text that begins at a place, as its length; 0 where none does. */
export function longestMatch(trie: PieceTrie, text: string, at: number): number {
  let length = 0;
  for (let node = 0, place = at; place < text.length; place++) {
    node = trie.next(node, text.charCodeAt(place));
    if (node < 0) break;
    if (trie.value(node) >= 0) length = place + 1 - at;
  }
  return length;
}
