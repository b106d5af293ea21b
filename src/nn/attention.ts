/**
 * Causal attention with grouped queries. Training computes it for one sequence at a time, in blocks
 * of queries, each against the keys up to its end; nothing of the size [n, n] is kept, and the
 * backward pass makes the probabilities of a block again (the idea of FlashAttention, Dao et al.,
 * 2022, arXiv 2205.14135, with libtorch's matrix products as the inner loop).
 *
 * Shapes: n tokens, nH query heads, nKv key/value heads, g = nH / nKv, hd head dimension.
 */
import {
  _softmaxBackwardData,
  bmm,
  cat,
  customGradient,
  empty,
  full,
  scaledDotProductAttention,
  type Tensor,
  tidy,
} from "../tensor/index.js";
import { remembered, type Tape } from "./tape.js";

/** Queries in a block: large enough for efficient products, small enough to waste little. */
const BLOCK = 128;

/** What {@link causalAttention} keeps. */
export interface AttentionOptions {
  /**
   * Saves the backward pass making the probabilities again, where it follows so soon that holding
   * half of [nH, n, n] does not matter.
   */
  keepProbabilities?: boolean;
  /** Where the output is noted, or read back. */
  tape?: Tape | undefined;
}

/**
 * Attention of one sequence to itself.
 *
 * @param q [n, nH, hd]
 * @param k [n, nKv, hd]
 * @param v [n, nKv, hd]
 * @returns [n, nH * hd]
 */
export function causalAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { keepProbabilities = false, tape }: AttentionOptions = {},
): Tensor {
  if (q.device !== "cpu") return deviceAttention(q, k, v);
  const [output] = customGradient(
    [q, k, v],
    () => {
      const context = blockwise(q, k, v, keepProbabilities && q.requiresGrad);
      return { outputs: [remembered(tape, q.dtype, context.forward)], saved: context };
    },
    ([gradient], context) => context.backward(gradient as Tensor),
  );
  return output as Tensor;
}

/** [n, nH, hd] to [nKv, n, g, hd]: the queries of one key head side by side, tokens outermost. */
function groupHeads(x: Tensor, keyHeads: number): Tensor {
  const [n = 0, heads = 0, headDim = 0] = x.shape;
  return x
    .view([n, keyHeads, heads / keyHeads, headDim])
    .permute([1, 0, 2, 3])
    .contiguous();
}

function blockwise(q: Tensor, k: Tensor, v: Tensor, keepProbabilities: boolean) {
  const [n = 0, heads = 0, headDim = 0] = q.shape;
  const keyHeads = k.size(1);
  const group = heads / keyHeads;
  const scale = 1 / Math.sqrt(headDim);
  const queries = groupHeads(q, keyHeads)
    .view([keyHeads, n * group, headDim])
    .mul(scale);
  const keys = k.transpose(0, 1).contiguous(); // [nKv, n, hd]
  const values = v.transpose(0, 1).contiguous(); // [nKv, n, hd]
  const size = Math.min(BLOCK, n);
  // Row r of a block is query r / g; it may not see the keys of the block after its own.
  const mask = full([size, size], -Infinity, { dtype: q.dtype }).triu(1).repeatInterleave(group, 0); // [size * g, size]

  /** Probabilities of the queries from `start` to `end`: [nKv, (end - start) * g, end]. */
  const probabilities = (start: number, end: number): Tensor => {
    const count = end - start;
    const block = queries.narrow(1, start * group, count * group);
    const scores = block.bmm(keys.narrow(1, 0, end).transpose(1, 2));
    scores.narrow(2, start, count).add_(mask.narrow(0, 0, count * group).narrow(1, 0, count));
    return scores.softmax(-1);
  };

  const keptProbabilities = new Map<number, Tensor>();

  const eachBlock = (body: (start: number, end: number) => void) => {
    for (let start = 0; start < n; start += BLOCK) body(start, Math.min(start + BLOCK, n));
  };

  /** [nKv, n * g, hd] back to [n, nH * hd]. */
  const ungroup = (x: Tensor) =>
    x.view([keyHeads, n, group, headDim]).permute([1, 0, 2, 3]).reshape([n, heads, headDim]);

  return {
    forward(): Tensor {
      const blocks: Tensor[] = [];
      eachBlock((start, end) => {
        const block = tidy(() => {
          const p = probabilities(start, end);
          const output = p.bmm(values.narrow(1, 0, end));
          return keepProbabilities ? { p, output } : { output };
        });
        if (block.p) keptProbabilities.set(start, block.p);
        blocks.push(block.output);
      });
      return ungroup(blocks.length > 1 ? cat(blocks, 1) : blocks[0]!).reshape([n, heads * headDim]);
    },
    backward(gradient: Tensor): Tensor[] {
      const outputs = groupHeads(gradient.view([n, heads, headDim]), keyHeads).view([
        keyHeads,
        n * group,
        headDim,
      ]);
      const queryBlocks: Tensor[] = [];
      const keyGradient = empty([keyHeads, n, headDim], { dtype: q.dtype }).zero_();
      const valueGradient = empty([keyHeads, n, headDim], { dtype: q.dtype }).zero_();
      const backwardBlock = (start: number, end: number): Tensor => {
        const rows = (x: Tensor) => x.narrow(1, start * group, (end - start) * group);
        const p = keptProbabilities.get(start) ?? probabilities(start, end);
        const output = rows(outputs);
        valueGradient.narrow(1, 0, end).add_(bmm(p.transpose(1, 2), output));
        const byProbability = bmm(output, values.narrow(1, 0, end).transpose(1, 2));
        const byScore = _softmaxBackwardData(byProbability, p, -1, q.dtype);
        keyGradient.narrow(1, 0, end).add_(bmm(byScore.transpose(1, 2), rows(queries)));
        return bmm(byScore, keys.narrow(1, 0, end));
      };
      eachBlock((start, end) => {
        queryBlocks.push(tidy(() => backwardBlock(start, end)));
      });
      const queryGradient = queryBlocks.length > 1 ? cat(queryBlocks, 1) : queryBlocks[0]!;
      return [
        ungroup(queryGradient).mul(scale),
        keyGradient.transpose(0, 1).contiguous(),
        valueGradient.transpose(0, 1).contiguous(),
      ];
    },
  };
}

/** On a device libtorch's own flash kernel does it, forward and backward. */
function deviceAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [n = 0, heads = 0, headDim = 0] = q.shape;
  const batched = (x: Tensor) => x.transpose(0, 1).unsqueeze(0);
  return scaledDotProductAttention(batched(q), batched(k), batched(v), null, 0, true, {
    enableGqa: k.size(1) !== heads,
  })
    .squeeze(0)
    .transpose(0, 1)
    .reshape([n, heads * headDim]);
}

/**
 * Attention of the newest tokens to everything before them, for generation.
 *
 * @param q [m, nH, hd] the newest m tokens
 * @param k [n, nKv, hd] all tokens, the newest last
 * @param v [n, nKv, hd]
 * @returns [m, nH * hd]
 */
export function cachedAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [m = 0, heads = 0, headDim = 0] = q.shape;
  const n = k.size(0);
  if (m === n) return causalAttention(q, k, v);
  const keyHeads = k.size(1);
  const group = heads / keyHeads;
  const scale = 1 / Math.sqrt(headDim);
  if (m === 1) {
    // One token's heads lie grouped already.
    const scores = q
      .view([keyHeads, group, headDim])
      .mul(scale)
      .bmm(k.permute([1, 2, 0]));
    return scores
      .softmax(-1)
      .bmm(v.transpose(0, 1))
      .view([1, heads * headDim]);
  }
  const queries = groupHeads(q, keyHeads).view([keyHeads, m * group, headDim]);
  const scores = queries.mul(scale).bmm(k.permute([1, 2, 0]));
  const mask = full([m, n], -Infinity, { dtype: q.dtype, device: q.device }).triu(n - m + 1);
  scores.add_(mask.repeatInterleave(group, 0));
  return scores
    .softmax(-1)
    .bmm(v.transpose(0, 1))
    .view([keyHeads, m, group, headDim])
    .permute([1, 0, 2, 3])
    .reshape([m, heads * headDim]);
}
