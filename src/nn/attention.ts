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

/** [n, nH, hd] to [1, nH, n, hd], and back. */
const batched = (x: Tensor) => x.transpose(0, 1).unsqueeze(0);
const unbatched = (x: Tensor) => x.squeeze(0).transpose(0, 1);

/**
 * With a backward pass of its own, which takes the output and the log-sum-exp from the tape. The
 * kernel knows no groups, so each key head is repeated for its group, at the price of a copy.
 */
function hostAttention(q: Tensor, k: Tensor, v: Tensor, tape: Tape | undefined): Tensor {
  const [n = 0, heads = 0, headDim = 0] = q.shape;
  const keyHeads = k.size(1);
  const group = heads / keyHeads;
  const perQueryHead = (x: Tensor) =>
    group === 1
      ? x
      : x.unsqueeze(2).expand([n, keyHeads, group, headDim]).reshape([n, heads, headDim]);
  const perKeyHead = (x: Tensor) =>
    group === 1 ? x : x.reshape([n, keyHeads, group, headDim]).sum([2]);
  const [output] = customGradient(
    [q, k, v],
    () => {
      const inputs = [q, perQueryHead(k), perQueryHead(v)].map(batched) as [Tensor, Tensor, Tensor];
      let computed: ReturnType<typeof _scaledDotProductFlashAttentionForCpu> | undefined;
      const compute = () => {
        computed ??= _scaledDotProductFlashAttentionForCpu(...inputs, 0, true);
        return computed;
      };
      const merged = () => unbatched(compute()[0]).reshape([n, heads * headDim]);
      const output = remembered(tape, q.dtype, merged);
      // The probabilities are exp(scores - logSumExp): rounding it would scale them.
      const logSumExp = remembered(tape, "float32", () => compute()[1], "float32");
      return { outputs: [output], saved: { inputs, output, logSumExp } };
    },
    ([gradient], { inputs, output, logSumExp }) => {
      const perHead = (x: Tensor) => batched(x.view([n, heads, headDim]));
      const [byQuery, byKey, byValue] = _scaledDotProductFlashAttentionForCpuBackward(
        perHead(gradient!.contiguous()),
        ...inputs,
        perHead(output),
        logSumExp,
        0,
        true,
      ).map(unbatched) as [Tensor, Tensor, Tensor];
      return [byQuery, perKeyHead(byKey), perKeyHead(byValue)];
    },
  );
  return output as Tensor;
}

/** On a device libtorch's own flash kernel does it, forward and backward. */
function deviceAttention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const [n = 0, heads = 0, headDim = 0] = q.shape;
  return unbatched(
    scaledDotProductAttention(batched(q), batched(k), batched(v), null, 0, true, {
      enableGqa: k.size(1) !== heads,
    }),
  ).reshape([n, heads * headDim]);
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
