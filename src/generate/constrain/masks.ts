/**
 * Which tokens can follow. What depends on the terminal alone is worked out once for all grammars, and what
 * goes on behind its end is followed from there (Dong et al. 2024, XGrammar).
 */
import { allowToken, type TokenMask } from "../tokenMask.js";
import { type Automaton, type Opened, placeKey, type Stack } from "./automaton.js";
import type { Terminal } from "./terminals.js";
import type { TokenTree } from "./tokenTree.js";

/** Tokens that stay inside a terminal, and the nodes of the tree at which it can end. */
interface Inner {
  allowed: TokenMask;
  ends: number[];
}

/** Inner parts of a vocabulary's terminals, by their keys. */
export type InnerCache = Map<string, Inner>;

export interface MaskCache {
  tree: TokenTree;
  inner: InnerCache;
  /** Whole masks of one automaton by {@link placeKey}. */
  masks: Map<string, TokenMask>;
  /** Numbers of the automaton's own terminals. */
  numbers: Map<Terminal, number>;
}

/** Masks and inner parts of this many are kept; of 150,000 tokens one takes 19 KB. */
const [mostMasks, mostInner] = [128, 512];

/** @returns not to be changed */
export function maskAt(cache: MaskCache, automaton: Automaton, place: Opened): TokenMask {
  const { tree, masks, numbers } = cache;
  const key = placeKey(place, tree.longest, (terminal) => {
    const known = numbers.get(terminal) ?? numbers.size;
    numbers.set(terminal, known);
    return known;
  });
  const known = masks.get(key);
  if (known) return known;
  const mask = new Uint32Array(Math.ceil(tree.vocabulary / 32));
  for (const stack of place.stacks) addStack(cache, automaton, stack, mask);
  if (masks.size >= mostMasks) masks.clear();
  masks.set(key, mask);
  return mask;
}

function addStack(cache: MaskCache, automaton: Automaton, stack: Stack, mask: TokenMask): void {
  const { tree, inner } = cache;
  const { terminal, state, rest } = stack;
  const key = terminal.key(state, tree.longest);
  if (key === null) {
    walk(tree, 0, terminal, state, mask, (node) =>
      addBehind(tree, automaton, node, automaton.open(rest), mask),
    );
    return;
  }
  let known = inner.get(key);
  if (!known) {
    const ends: number[] = [];
    known = { allowed: new Uint32Array(mask.length), ends };
    walk(tree, 0, terminal, state, known.allowed, (node) => ends.push(node));
    if (inner.size >= mostInner) inner.clear();
    inner.set(key, known);
  }
  for (let word = 0; word < mask.length; word++) mask[word]! |= known.allowed[word]!;
  const behind = automaton.open(rest);
  for (const node of known.ends) addBehind(tree, automaton, node, behind, mask);
}

/** Allows the tokens below a node that go on behind the end of a terminal. */
function addBehind(
  tree: TokenTree,
  automaton: Automaton,
  node: number,
  { stacks }: Opened,
  mask: TokenMask,
): void {
  if (tree.end[node] === node + 1) return;
  for (const { terminal, state, rest } of stacks) {
    walk(tree, node, terminal, state, mask, (next) =>
      addBehind(tree, automaton, next, automaton.open(rest), mask),
    );
  }
}

/** Allows the tokens below a node that keep to a terminal, and tells of each node at which it can end. */
function walk(
  tree: TokenTree,
  node: number,
  terminal: Terminal,
  state: number,
  mask: TokenMask,
  onEnd: (node: number) => void,
): void {
  const { byte, end, from, tokens } = tree;
  const last = end[node]!;
  for (let child = node + 1; child < last; child = end[child]!) {
    const next = terminal.step(state, byte[child]!);
    if (next === -1) continue;
    for (let at = from[child]!; at < from[child + 1]!; at++) {
      allowToken(mask, tokens[at]!);
    }
    if (terminal.accepts(next)) onEnd(child);
    if (!terminal.ends(next)) walk(tree, child, terminal, next, mask, onEnd);
  }
}
