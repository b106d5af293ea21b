/** The estimator of Chen et al. (2021, arXiv 2107.03374) for programs. */

/**
 * Probability that at least one of `k` programs passes, estimated without bias from `n` of which `c`
 * pass: `1 - C(n - c, k) / C(n, k)`, as the product of the paper's own code (section 2.1, figure 3).
 *
 * @throws RangeError where `n` programs say nothing about `k`
 */
export function passAtK(n: number, c: number, k: number): number {
  if (k > n || c > n) throw new RangeError(`pass@${k} of ${c} in ${n} programs is not defined`);
  if (n - c < k) return 1;
  let allFail = 1;
  for (let i = n - c + 1; i <= n; i++) allFail *= 1 - k / i;
  return 1 - allFail;
}
