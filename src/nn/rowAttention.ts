/**
 * Attention of many texts that each have one new token, for batched decoding where there is no kernel for
 * pages: each row with keys and values of its own. Texts of different lengths stand in columns of one width.
 */
import type { Tensor } from "../tensor/index.js";
import type { AttentionOptions } from "./attention.js";

/**
 * The query heads that share keys stand where a kernel expects tokens, so that keys are read once for
 * all of them.
 *
 * @param q [b, nH, hd] the newest token of each row
 * @param k [b, nKv, n, hd], that token's included; finite also where `bias` masks it
 * @param v [b, nKv, n, vd]
 * @param bias what `rowBias` gives; null where every row has n keys and looks at all of them alike
 * @returns [b, nH * vd]
 */
export function rowAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  bias: Tensor | null,
  { scale, softCap }: Pick<AttentionOptions, "scale" | "softCap"> = {},
): Tensor {
  const [b = 0, heads = 0, headDim = 0] = q.shape;
  const [, keyHeads = 0, n = 0] = k.shape;
  const width = v.size(-1);
  const queries = q.reshape([b, keyHeads, heads / keyHeads, headDim]);
  const perHead = (x: Tensor) => x.view([b * keyHeads, -1, x.size(-1)]);
  let scores = perHead(queries.mul(scale ?? 1 / Math.sqrt(headDim)))
    .bmm(perHead(k).transpose(1, 2))
    .view([b, keyHeads, heads / keyHeads, n]);
  if (softCap !== undefined) scores = scores.div(softCap).tanh().mul(softCap);
  if (bias) scores = scores.add(bias);
  return perHead(scores.softmax(-1).to({ dtype: q.dtype }))
    .bmm(perHead(v)) // [b * nKv, g, vd]
    .reshape([b, heads * width]);
}
