/** Dropout whose mask is a function of a key, so that recomputation and resume repeat it exactly. */
import { counterDropout, empty, Generator, type Tensor } from "../tensor/index.js";

/** Which rows of a larger tensor a tensor is. */
export interface MaskRows {
  first: number;
  /** Rows of the larger tensor. */
  all: number;
}

/**
 * Sets elements to zero with probability `p` and scales the others by `1 / (1 - p)`. Of a gradient
 * it makes the gradient by the input, with the same key.
 *
 * @param key decides the mask; equal keys and shapes give equal masks
 * @param rows for a part of a tensor: it is given these rows of the whole tensor's mask
 */
export function keyedDropout(x: Tensor, p: number, key: number, rows?: MaskRows): Tensor {
  const [count = 0] = x.shape;
  if (x.device === "cpu") {
    return counterDropout(x, p, key, rows && (rows.first * x.numel) / Math.max(1, count));
  }
  // The generators of devices are counter-based themselves, but begin with the first row.
  using generator = new Generator(key, x.device);
  const keeps = 1 - p;
  if (rows && rows.all > count) {
    const { dtype, device } = x;
    const whole = empty([rows.all, ...x.shape.slice(1)], { dtype, device });
    const mask = whole.bernoulli_(keeps, { generator }).narrow(0, rows.first, count);
    return mask.mul(x).mul_(1 / keeps);
  }
  return x
    .emptyLike()
    .bernoulli_(keeps, { generator })
    .mul_(x)
    .mul_(1 / keeps);
}
