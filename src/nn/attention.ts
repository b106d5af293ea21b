/**
 * Causal attention with grouped queries, one sequence at a time. Nothing of the size [n, n] is kept:
 * libtorch's flash kernels (Dao et al., 2022, arXiv 2205.14135) skip the blocks above the diagonal
 * and make the probabilities again in the backward pass.
 *
 * Shapes: n tokens, nH query heads, nKv key/value heads, g = nH / nKv, hd head dimension.
 */
import {
  _scaledDotProductFlashAttentionForCpu,
  _scaledDotProductFlashAttentionForCpuBackward,
  customGradient,
  full,
  scaledDotProductAttention,
  type Tensor,
} from "../tensor/index.js";
import { remembered, type Tape } from "./tape.js";

/**
 * Attention of one sequence to itself.
 *
 * @param q [n, nH, hd]
 * @param k [n, nKv, hd]
 * @param v [n, nKv, hd]
 * @param tape where the output is noted, or read back
 * @returns [n, nH * hd]
 */
export function causalAttention(q: Tensor, k: Tensor, v: Tensor, tape?: Tape): Tensor {
  return q.device === "cpu" ? hostAttention(q, k, v, tape) : deviceAttention(q, k, v);
}

/**
 * With a backward pass of its own, which takes the output and the log-sum-exp from the tape. Key
 * heads take the place of a batch, so that a group's queries read the same keys without a copy.
 */
function hostAttention(q: Tensor, k: Tensor, v: Tensor, tape: Tape | undefined): Tensor {
  const [n = 0, heads = 0, headDim = 0] = q.shape;
  const keyHeads = k.size(1);
  const group = heads / keyHeads;
  /** [n, nH, hd] or [n, nH * hd] as [nKv, g, n, hd] */
  const queriesLike = (x: Tensor) => x.view([n, keyHeads, group, headDim]).permute([1, 2, 0, 3]);
  /** [n, nKv, hd] as [nKv, g, n, hd] */
  const keysLike = (x: Tensor) =>
    x.transpose(0, 1).unsqueeze(1).expand([keyHeads, group, n, headDim]);
  const tokensFirst = (x: Tensor) => x.permute([2, 0, 1, 3]);
  const [output] = customGradient(
    [q, k, v],
    () => {
      const inputs = [queriesLike(q), keysLike(k), keysLike(v)] as const;
      let computed: ReturnType<typeof _scaledDotProductFlashAttentionForCpu> | undefined;
      const compute = () => {
        computed ??= _scaledDotProductFlashAttentionForCpu(...inputs, 0, true);
        return computed;
      };
      const merged = () => tokensFirst(compute()[0]).reshape([n, heads * headDim]);
      const output = remembered(tape, q.dtype, merged);
      // The probabilities are exp(scores - logSumExp): rounding it would scale them.
      const logSumExp = remembered(tape, "float32", () => compute()[1], "float32");
      return { outputs: [output], saved: { inputs, output, logSumExp } };
    },
    ([gradient], { inputs, output, logSumExp }) => {
      const [byQuery, byKey, byValue] = _scaledDotProductFlashAttentionForCpuBackward(
        queriesLike(gradient!.contiguous()),
        ...inputs,
        queriesLike(output),
        logSumExp,
        0,
        true,
      );
      return [
        tokensFirst(byQuery).reshape([n, heads, headDim]),
        byKey.sum([1]).transpose(0, 1),
        byValue.sum([1]).transpose(0, 1),
      ];
    },
  );
  return output as Tensor;
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
  const queries = q
    .view([m, keyHeads, group, headDim])
    .permute([1, 0, 2, 3])
    .reshape([keyHeads, m * group, headDim]);
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
