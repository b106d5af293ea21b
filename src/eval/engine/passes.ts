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
 * Tokens that a pass of their own must spare: it reads all weights, in which time some 50 tokens more
 * could have been computed.
 */
const LEAST_SPARED = 128;

/**
 * The passes of a tree, in order. What several passes need is computed before them and held; what fits
 * into one is computed within it.
 *
 * @param most tokens of a pass
 */
export function* passesOf(
  tree: readonly PrefixNode[],
  most: number,
  leastSpared = LEAST_SPARED,
): Generator<Pass> {
  const nodes = tree.flatMap((node) => worthHolding(node, most, leastSpared));
  const held = nodes[0]?.start ?? 0;
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
    for (let at = node.start; at < node.end; at += most) {
      yield { ...layOut([partOf(node, at, Math.min(at + most, node.end))], at), holds: true };
    }
    yield* passesOf(node.children, most, leastSpared);
  }
}

/** Most tokens that the passes of a tree hold at once. */
export function heldTokens(
  tree: readonly PrefixNode[],
  most: number,
  leastSpared = LEAST_SPARED,
): number {
  return tree
    .flatMap((node) => worthHolding(node, most, leastSpared))
    .filter(({ size }) => size > most)
    .reduce(
      (held, { end, children }) => Math.max(held, end, heldTokens(children, most, leastSpared)),
      0,
    );
}

/** A node, or those that go on from it with its tokens before theirs, where holding them is not worth a pass. */
function worthHolding(node: PrefixNode, most: number, leastSpared: number): PrefixNode[] {
  const { start, end, marks, children, size } = node;
  const spared = (end - start) * (children.length - 1);
  if (size <= most || children.length === 0 || spared >= leastSpared) return [node];
  return children.flatMap((child, i) => {
    const longer = {
      ...child,
      start,
      marks: i === 0 ? [...marks, ...child.marks] : child.marks,
      size: child.size + end - start,
    };
    return worthHolding(longer, most, leastSpared);
  });
}

/** A stretch of a node's own tokens. */
function partOf({ ids, marks }: PrefixNode, start: number, end: number): PrefixNode {
  return {
    ids,
    start,
    end,
    marks: marks.filter(({ at }) => at >= start && at < end),
    children: [],
    size: end - start,
  };
}

/** Nodes, each with all that goes on from it behind it, as one pass. */
function layOut(top: readonly PrefixNode[], held: number): Pass {
  const size = top.reduce((sum, node) => sum + node.size, 0);
  const ids = new Int32Array(size);
  const positions = new Int32Array(size);
  const nodes: TextNode[] = [];
  const marks: Pass["marks"] = [];
  const add = (node: PrefixNode, row: number): number => {
    const { start, end } = node;
    ids.set(node.ids.subarray(start, end), row);
    for (let at = start; at < end; at++) positions[row + at - start] = at;
    marks.push(...node.marks.map((mark) => ({ row: row + mark.at - start, mark })));
    nodes.push({ start: row, length: end - start, end: row + node.size });
    return node.children.reduce((next, child) => add(child, next), row + end - start);
  };
  top.reduce((row, node) => add(node, row), 0);
  return { held, holds: false, ids, positions, nodes, marks };
}
