/** Dropout whose mask is a function of a key, so that recomputation and resume repeat it exactly. */
import { counterDropout, Generator, type Tensor } from "../tensor/index.js";

/**
 * Sets elements to zero with probability `p` and scales the others by `1 / (1 - p)`. Of a gradient
 * it makes the gradient by the input, with the same key.
 *
 * @param key decides the mask; equal keys and shapes give equal masks
 */
export function keyedDropout(x: Tensor, p: number, key: number): Tensor {
  if (x.device === "cpu") return counterDropout(x, p, key);
  // The generators of devices are counter-based themselves.
  using generator = new Generator(key, x.device);
  return x
    .emptyLike()
    .bernoulli_(1 - p, { generator })
    .mul_(x)
    .mul_(1 / (1 - p));
}
