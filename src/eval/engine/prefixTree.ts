/** Texts as a tree, in which what several of them begin with stands once. */

/** A token whose probability is wanted. */
export interface Mark {
  /** The position that predicts it. */
  at: number;
  token: number;
  /** Number of the request that it belongs to. */
  request: number;
}

/** A text with what is wanted of it. */
export interface MarkedText {
  ids: Int32Array;
  marks: readonly Mark[];
}

/** A stretch of tokens that one or more texts have in common. */
export interface PrefixNode {
  /** One of the texts. */
  ids: Int32Array;
  /** Positions of its first token, and behind its last. */
  start: number;
  end: number;
  marks: Mark[];
  children: PrefixNode[];
  /** Tokens in it and in all that go on from it. */
  size: number;
}

/** Tokens that a node of its own must spare: less is computed again for each text. */
const LEAST_SPARED = 32;

/**
 * The tree of texts. A text that others begin with needs no node: its marks stand in theirs.
 *
 * @param leastSpared tokens that sharing must spare
 * @returns the nodes at its top
 */
export function prefixTree(texts: readonly MarkedText[], leastSpared = LEAST_SPARED): PrefixNode[] {
  const { sorted, shared } = sortTexts(texts);
  /** Nodes from position `from` on for texts `first` to `last - 1`, whose first `known` tokens are the same. */
  const build = (first: number, last: number, from: number, known: number): PrefixNode[] => {
    const nodes: PrefixNode[] = [];
    for (let start = first; start < last; ) {
      let end = start + 1;
      let common = sorted[start]!.ids.length;
      while (end < last && shared[end]! > known) common = Math.min(common, shared[end++]!);
      const count = end - start;
      if (count > 1 && (common - from) * (count - 1) < leastSpared) {
        nodes.push(...build(start, end, from, common));
      } else {
        const children = count > 1 ? build(start, end, common, common) : [];
        nodes.push(makeNode(sorted.slice(start, end), from, common, children));
      }
      start = end;
    }
    return nodes;
  };
  return build(0, sorted.length, 0, 0);
}

function makeNode(
  texts: readonly MarkedText[],
  from: number,
  to: number,
  children: PrefixNode[],
): PrefixNode {
  return {
    ids: texts[0]!.ids,
    start: from,
    end: to,
    marks: texts.flatMap(({ marks }) => marks.filter(({ at }) => at >= from && at < to)),
    children,
    size: children.reduce((sum, { size }) => sum + size, to - from),
  };
}

/**
 * Texts in an order in which those that begin alike follow each other.
 *
 * @returns texts of which none is the beginning of another, and how many tokens each has in common with
 *   the one before it
 */
function sortTexts(texts: readonly MarkedText[]): { sorted: MarkedText[]; shared: number[] } {
  const ordered = texts.map((text) => ({ ...text, bytes: bytesOf(text.ids) }));
  ordered.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  const sorted: MarkedText[] = [];
  const shared: number[] = [];
  for (const { ids, marks } of ordered) {
    const before = sorted.at(-1);
    const common = before ? commonLength(before.ids, ids) : 0;
    if (before && common === before.ids.length) {
      sorted[sorted.length - 1] = { ids, marks: [...before.marks, ...marks] };
    } else {
      sorted.push({ ids, marks });
      shared.push(common);
    }
  }
  return { sorted, shared };
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function commonLength(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
