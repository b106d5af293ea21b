/** What a value may be, as a graph that may go round. */
import type { Terminal } from "./terminals.js";

export type Node =
  /** A value that one terminal spells. */
  | { kind: "terminal"; terminal: Terminal }
  /** Any value. */
  | { kind: "any" }
  | ObjectNode
  | ArrayNode
  | { kind: "choice"; of: readonly Node[] }
  /** One behind the other, with nothing between. */
  | { kind: "sequence"; of: readonly Node[] }
  | { kind: "reference"; to: () => Node };

export interface ObjectNode {
  kind: "object";
  /** Written in this order. */
  properties: readonly { name: string; node: Node; required: boolean }[];
  /** Of properties with other names, which come behind; null for none. */
  additional: Node | null;
}

export interface ArrayNode {
  kind: "array";
  /** Of the first items. */
  first: readonly Node[];
  /** Of those behind them; null for none. */
  items: Node | null;
  least: number;
  /** Infinity for any number. */
  most: number;
}

/** Nodes that a node leads to. */
export function inside(node: Node): readonly Node[] {
  switch (node.kind) {
    case "object":
      return [
        ...node.properties.map((one) => one.node),
        ...(node.additional ? [node.additional] : []),
      ];
    case "array":
      return [...node.first, ...(node.items ? [node.items] : [])];
    case "choice":
    case "sequence":
      return node.of;
    case "reference":
      return [node.to()];
    default:
      return [];
  }
}

/** The node of item number `index` of an array; null where there can be none. */
export function itemAt({ first, items }: ArrayNode, index: number): Node | null {
  return first[index] ?? items;
}

/**
 * The fewest objects and arrays inside each other that a value of each node needs, by node; Infinity where
 * no finite value fits.
 */
export function leastDepths(root: Node): ReadonlyMap<Node, number> {
  const all: Node[] = [];
  const depths = new Map<Node, number>();
  const pending = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (depths.has(node)) continue;
    depths.set(node, Number.POSITIVE_INFINITY);
    all.push(node);
    pending.push(...inside(node));
  }
  // Nodes stand before what they lead to.
  all.reverse();
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of all) {
      const depth = depthOf(node, depths);
      if (depth === depths.get(node)) continue;
      depths.set(node, depth);
      changed = true;
    }
  }
  return depths;
}

function depthOf(node: Node, depths: ReadonlyMap<Node, number>): number {
  const of = (one: Node | null) => (one ? depths.get(one)! : Number.POSITIVE_INFINITY);
  switch (node.kind) {
    case "object": {
      const needed = node.properties.filter(({ required }) => required);
      return 1 + Math.max(0, ...needed.map((one) => of(one.node)));
    }
    case "array": {
      // All behind the listed ones are alike.
      const needed = Math.min(node.least, node.first.length + 1);
      return 1 + Math.max(0, ...Array.from({ length: needed }, (_, at) => of(itemAt(node, at))));
    }
    case "choice":
      return Math.min(...node.of.map(of));
    case "sequence":
      return Math.max(0, ...node.of.map(of));
    case "reference":
      return of(node.to());
    default:
      return 0;
  }
}
