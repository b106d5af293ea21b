/** What is added to the scores of attention: linear biases, windows, the causal mask. */
import { arange, type Device, full, type Tensor, tensor, tidy } from "../tensor/index.js";

/** The options of attention that act on scores by addition. */
export interface BiasOptions {
  window?: number | undefined;
  alibiSlopes?: readonly number[] | undefined;
  /** Whether later keys are masked here; false where the kernel does so itself. */
  isCausal?: boolean;
}

/**
 * The bias of m queries, the newest of n tokens, in float32.
 *
 * Without the causal mask, which has a row for each query anyway, linear biases are taken from the
 * last key, `slope * (j - (n - 1))`: a constant for each query, which softmax does not see, apart
 * from `slope * (j - i)`, and rounded by up to 1.2e-4 at 4,096 tokens. So one row serves all queries.
 *
 * @returns broadcastable to [keyHeads, group, m, n], or null where nothing is added
 */
export function attentionBias(
  { window, alibiSlopes, isCausal = false }: BiasOptions,
  m: number,
  n: number,
  keyHeads: number,
  group: number,
  device: Device,
): Tensor | null {
  return tidy(() => {
    const parts: Tensor[] = [];
    if (alibiSlopes) {
      const slopes = tensor(Float32Array.from(alibiSlopes), [keyHeads, group, 1, 1]);
      const keys = arange(1 - n, 1, 1, { dtype: "float32", device });
      const queries = arange(1 - m, 1, 1, { dtype: "float32", device }).view([m, 1]);
      const distances = isCausal ? keys.sub(queries) : keys; // [m, n] or [n]
      parts.push(slopes.to({ device }).mul(distances));
    }
    const masked = () => full([m, n], Number.NEGATIVE_INFINITY, { dtype: "float32", device });
    if (isCausal)
      parts.push(
        masked()
          .triu(n - m + 1)
          .view([1, 1, m, n]),
      );
    if (window !== undefined && window < n) {
      parts.push(
        masked()
          .tril(n - m - window)
          .view([1, 1, m, n]),
      );
    }
    return parts.length === 0 ? null : parts.reduce((sum, part) => sum.add(part));
  });
}

/**
 * The bias of the newest token of each of b rows, whose keys stand in columns of one width: what lies
 * behind the row's own keys is masked.
 *
 * @param last [b, 1, 1, 1] float32, the column of each row's newest token
 * @param n columns
 * @returns [b, 1, 1, n], or with linear biases [b, keyHeads, group, n]; float32
 */
export function rowBias(
  { window, alibiSlopes }: Pick<BiasOptions, "window" | "alibiSlopes">,
  last: Tensor,
  n: number,
  keyHeads: number,
): Tensor {
  return tidy(() => {
    const { device } = last;
    const distances = arange(0, n, 1, { dtype: "float32", device }).sub(last); // [b, 1, 1, n]
    const hidden = [distances.gt(0)];
    if (window !== undefined) hidden.push(distances.le(-window));
    const base = alibiSlopes
      ? tensor(Float32Array.from(alibiSlopes), [keyHeads, alibiSlopes.length / keyHeads, 1])
          .to({ device })
          .mul(distances)
      : distances.mul(0);
    return hidden.reduce((bias, mask) => bias.maskedFill(mask, Number.NEGATIVE_INFINITY), base);
  });
}

/**
 * Slopes of linear biases for a number of heads, as transformers' Bloom computes them: powers of
 * `2^(-8 / n)` for the largest power of two n that is not above `heads`, the rest from the odd
 * powers of the next.
 */
export function alibiSlopes(heads: number): number[] {
  const lower = 2 ** Math.floor(Math.log2(heads));
  const start = 2 ** -(2 ** -(Math.log2(lower) - 3));
  const slopes = Array.from({ length: lower }, (_, i) => start ** (i + 1));
  const between = 2 ** -(2 ** -(Math.log2(2 * lower) - 3));
  for (let i = 0; slopes.length < heads; i++) slopes.push(between ** (2 * i + 1));
  return slopes.map(Math.fround);
}
