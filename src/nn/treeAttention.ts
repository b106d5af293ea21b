/**
 * Attention of texts that begin alike: what they share is computed once, and each goes on from it. The
 * texts form a tree whose nodes are stretches of tokens, in the rows of one pass, each directly before
 * everything that goes on from it; and all of them may go on from a beginning whose keys and values
 * are held.
 *
 * Where a kernel gives the logarithm of the sum of exponentials, a node's rows attend to themselves
 * and, all at once with those behind it, to what they share; the parts are joined by their sums
 * (Juravsky et al., 2024, arXiv 2402.05099). Shapes as in `attention.ts`.
 */
import {
  _scaledDotProductFlashAttentionForCpu,
  cat,
  empty,
  stack,
  type Tensor,
  tidy,
} from "../tensor/index.js";
import { type AttentionOptions, cachedAttention, groupedQueries, sharedKeys } from "./attention.js";
import { padHeads } from "./heads.js";

/** A stretch of tokens in the rows of a pass. */
export interface TextNode {
  /** Its first row. */
  start: number;
  /** Number of its rows. */
  length: number;
  /** The row behind everything that goes on from it. */
  end: number;
}

/** Keys `[p, nKv, hd]` and values `[p, nKv, vd]` of what comes before all rows. */
export interface SharedBeginning {
  keys: Tensor;
  values: Tensor;
}

/** Queries whose scores are written out at once, where they are. */
const BLOCK = 256;

/**
 * Attention of each node's tokens to the shared beginning, the nodes that it goes on from, and itself.
 *
 * @param q [n, nH, hd]
 * @param k [n, nKv, hd]
 * @param v [n, nKv, vd]
 * @param nodes all rows, in order; a node behind another and before its end goes on from it
 * @returns [n, nH * vd]
 */
export function treeAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  nodes: readonly TextNode[],
  beginning: SharedBeginning | null,
  options: AttentionOptions = {},
): Tensor {
  const { window, softCap, alibiSlopes } = options;
  const paths = pathsOf(nodes);
  const before = beginning?.keys.size(0) ?? 0;
  const longest = before + Math.max(...paths.map(tokensOn));
  const isPlain = softCap === undefined && alibiSlopes === undefined;
  const seesAll = window === undefined || window >= longest;
  return tidy(() =>
    isPlain && seesAll && q.device === "cpu"
      ? joinedAttention(q, k, v, nodes, beginning, options)
      : pathAttention(q, k, v, paths, beginning, options),
  );
}

/** Of each node the nodes that it goes on from, the first first, and itself. */
function pathsOf(nodes: readonly TextNode[]): TextNode[][] {
  let path: TextNode[] = [];
  return nodes.map((node) => {
    path = [...path.filter(({ end }) => end > node.start), node];
    return path;
  });
}

function tokensOn(path: readonly TextNode[]): number {
  return path.reduce((sum, { length }) => sum + length, 0);
}

/** By the CPU's flash kernel, whose results lie in memory as [nKv, rows, g, ...]. */
function joinedAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  nodes: readonly TextNode[],
  beginning: SharedBeginning | null,
  { scale }: AttentionOptions,
): Tensor {
  const [n = 0, heads = 0, headDim = 0] = q.shape;
  const keyHeads = k.size(1);
  const group = heads / keyHeads;
  const width = v.size(-1);
  const padded = (values: Tensor) => (width === headDim ? values : padHeads(values, headDim));
  const values = padded(v);
  const attend = (start: number, end: number, keys: Tensor, own: Tensor, isCausal: boolean) => {
    const [part, sum] = _scaledDotProductFlashAttentionForCpu(
      groupedQueries(q.narrow(0, start, end - start), keyHeads, headDim),
      sharedKeys(keys, group),
      sharedKeys(own, group),
      0,
      isCausal,
      { scale },
    );
    return [part.transpose(1, 2), sum.transpose(1, 2)] as const;
  };
  const parents = nodes.filter(({ start, length, end }) => end > start + length);
  const isJoined = parents.length > 0 || beginning !== null;
  const dtype = isJoined ? "float32" : q.dtype;
  const output = empty([keyHeads, n, group, headDim], { dtype });
  const sums = empty([keyHeads, n, group], { dtype: "float32" });
  for (const { start, length } of nodes) {
    tidy(() => {
      const rows = (x: Tensor) => x.narrow(0, start, length);
      const [part, sum] = attend(start, start + length, rows(k), rows(values), true);
      output.narrow(1, start, length).copy_(part);
      if (isJoined) sums.narrow(1, start, length).copy_(sum);
    });
  }
  const join = (start: number, end: number, keys: Tensor, shared: Tensor, isLast: boolean) =>
    tidy(() => {
      const rows = (x: Tensor) => x.narrow(1, start, end - start);
      const [part, sum] = attend(start, end, keys, shared, false);
      const own = rows(sums);
      const share = sum.sub(own).sigmoid().unsqueeze(-1); // [nKv, rows, g, 1]
      rows(output).lerp_(part.to({ dtype: "float32" }), share);
      if (!isLast) own.copy_(stack([own, sum]).logsumexp([0]));
    });
  for (const { start, length, end } of parents) {
    const own = (x: Tensor) => x.narrow(0, start, length);
    join(start + length, end, own(k), own(values), false);
  }
  if (beginning) join(0, n, beginning.keys, padded(beginning.values), true);
  const attended = empty([n, keyHeads, group, width], { dtype: q.dtype });
  attended.copy_(output.narrow(-1, 0, width).transpose(0, 1));
  return attended.view([n, heads * width]);
}

/** Node by node, for what no kernel joins. */
function pathAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  paths: readonly (readonly TextNode[])[],
  beginning: SharedBeginning | null,
  options: AttentionOptions,
): Tensor {
  const [n = 0, heads = 0] = q.shape;
  const output = empty([n, heads * v.size(-1)], { dtype: q.dtype, device: q.device });
  for (const path of paths) {
    const { start, length } = path.at(-1)!;
    tidy(() => {
      const all = (x: Tensor, first: Tensor | undefined) => {
        const parts = path.map((node) => x.narrow(0, node.start, node.length));
        return cat(first ? [first, ...parts] : parts);
      };
      const [keys, values] = [all(k, beginning?.keys), all(v, beginning?.values)];
      const before = keys.size(0) - length;
      for (let at = 0; at < length; at += BLOCK) {
        const count = Math.min(BLOCK, length - at);
        const seen = (x: Tensor) => x.narrow(0, 0, before + at + count);
        const queries = q.narrow(0, start + at, count);
        const part = cachedAttention(queries, seen(keys), seen(values), options);
        output.narrow(0, start + at, count).copy_(part);
      }
    });
  }
  return output;
}
