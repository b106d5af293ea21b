/** Tails and quantiles of the distributions that tests and intervals need. */

/** 0.975 quantile of the standard normal distribution: half the width of a 95 % interval, in standard errors. */
export const NORMAL_95 = 1.959963984540054;

/** 0.8 quantile of the standard normal distribution. */
export const NORMAL_80 = 0.8416212335729143;

/** Chance of a standard normal value at least as far from 0 as `z`. */
export function normalTwoSided(z: number): number {
  return upperGammaHalf((z * z) / 2);
}

/** Chance of a value at least as far from 0 as `t` under Student's distribution. */
export function studentTwoSided(t: number, freedom: number): number {
  if (!Number.isFinite(t)) return 0;
  return betaRegularized(freedom / (freedom + t * t), freedom / 2, 0.5);
}

/** The `t` that two-sided values of Student's distribution pass with the chance `tail`. */
export function studentQuantile(tail: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (studentTwoSided(high, freedom) > tail) high *= 2;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (studentTwoSided(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Chance of exactly `count` heads of `total` fair coins. */
export function fairCoins(count: number, total: number): number {
  return Math.exp(
    logGamma(total + 1) - logGamma(count + 1) - logGamma(total - count + 1) - total * Math.LN2,
  );
}

/** Γ(1/2, x)/Γ(1/2), which is erfc(√x): a series near 0, else Lentz's continued fraction. */
function upperGammaHalf(x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(-x + 0.5 * Math.log(x) - logGamma(0.5));
  if (x < 1.5) {
    let term = 2;
    let sum = term;
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= x / (0.5 + n);
      sum += term;
    }
    return 1 - sum * scale;
  }
  let b = x + 0.5;
  let c = Number.POSITIVE_INFINITY;
  let d = 1 / b;
  let fraction = d;
  for (let i = 1; i < 500; i++) {
    const a = -i * (i - 0.5);
    b += 2;
    d = 1 / (a * d + b);
    c = b + a / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return scale * fraction;
}

/** Regularized incomplete beta function I_x(a, b), by Lentz's continued fraction. */
function betaRegularized(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaRegularized(1 - x, b, a);
  const logScale =
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x);
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  const step = (numerator: number) => {
    d = 1 / nonZero(1 + numerator * d);
    c = nonZero(1 + numerator / c);
    fraction *= c * d;
    return Math.abs(c * d - 1) < 1e-16;
  };
  for (let m = 1; m < 1000; m++) {
    step((m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)));
    if (step((-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)))) break;
  }
  return (Math.exp(logScale) * fraction) / a;
}

const nonZero = (value: number) => (Math.abs(value) < 1e-300 ? 1e-300 : value);

/** Lanczos' approximation with g = 7 and nine terms; relative error below 1e-14 for x > 0. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
  -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
  1.5056327351493116e-7,
];

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const t = x + 6.5;
  const sum = lanczos.reduce((total, term, i) => (i === 0 ? term : total + term / (x - 1 + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}
