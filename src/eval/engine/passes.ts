/** From a tree of texts to passes through the model. */
import type { TextNode } from "../../nn/index.js";
import type { Mark, PrefixNode } from "./prefixTree.js";

/** Tokens that go through the model at once. */
export interface Pass {
  /** Tokens before all of these, whose keys and values are held. */
  held: number;
  /** Whether those of these are held from now on, behind them. */
  holds: boolean;
  ids: Int32Array;
  positions: Int32Array;
  nodes: TextNode[];
  /** What is wanted, by row of the pass. */
  marks: { row: number; mark: Mark }[];
}

/**
 * The passes of a tree, in order. What several passes need is computed before them and held; what fits
 * into one is computed within it.
 *
 * @param most tokens of a pass
 */
export function* passesOf(nodes: readonly PrefixNode[], most: number): Generator<Pass> {
  const held = nodes[0]?.position ?? 0;
  let together: PrefixNode[] = [];
  let size = 0;
  for (const node of nodes.filter((one) => one.size <= most)) {
    if (size + node.size > most) {
      yield layOut(together, held);
      together = [];
      size = 0;
    }
    together.push(node);
    size += node.size;
  }
  if (together.length > 0) yield layOut(together, held);
  for (const node of nodes.filter((one) => one.size > most)) {
    for (let at = 0; at < node.tokens.length; at += most) {
      yield { ...layOut([partOf(node, at, at + most)], held + at), holds: true };
    }
    yield* passesOf(node.children, most);
  }
}

/** A stretch of a node's own tokens. */
function partOf({ tokens, position, marks }: PrefixNode, start: number, end: number): PrefixNode {
  const own = tokens.subarray(start, end);
  const first = position + start;
  return {
    tokens: own,
    position: first,
    marks: marks.filter(({ at }) => at >= first && at < first + own.length),
    children: [],
    size: own.length,
  };
}

/** Nodes, each with all that goes on from it behind it, as one pass. */
function layOut(top: readonly PrefixNode[], held: number): Pass {
  const size = top.reduce((sum, node) => sum + node.size, 0);
  const ids = new Int32Array(size);
  const positions = new Int32Array(size);
  const nodes: TextNode[] = [];
  const marks: Pass["marks"] = [];
  const add = (node: PrefixNode, start: number): number => {
    const { tokens, position, children } = node;
    ids.set(tokens, start);
    for (let i = 0; i < tokens.length; i++) positions[start + i] = position + i;
    marks.push(...node.marks.map((mark) => ({ row: start + mark.at - position, mark })));
    nodes.push({ start, length: tokens.length, end: start + node.size });
    return children.reduce((row, child) => add(child, row), start + tokens.length);
  };
  top.reduce((row, node) => add(node, row), 0);
  return { held, holds: false, ids, positions, nodes, marks };
}
