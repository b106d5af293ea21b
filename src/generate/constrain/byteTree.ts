/** Byte strings by what they begin with. */

export interface ByteNode {
  /** Numbers of the nodes one byte on. */
  next: Map<number, number>;
  /** Whether a string ends here. */
  whole: boolean;
}

/** @returns nodes of which the first stands for the empty beginning */
export function byteTree(texts: Iterable<Uint8Array>): ByteNode[] {
  const nodes: ByteNode[] = [{ next: new Map(), whole: false }];
  for (const text of texts) {
    let at = nodes[0]!;
    for (const byte of text) {
      const known = at.next.get(byte);
      const number = known ?? nodes.push({ next: new Map(), whole: false }) - 1;
      at.next.set(byte, number);
      at = nodes[number]!;
    }
    at.whole = true;
  }
  return nodes;
}
