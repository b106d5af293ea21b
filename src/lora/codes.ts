/** The tables of bitsandbytes: NF4's sixteen values and the dynamic map of 8-bit quantization. */

/**
 * NF4: quantiles of the normal distribution, with an exact zero, scaled to [-1, 1].
 * Dettmers et al., 2023, arXiv 2305.14314, appendix E.
 */
export const nf4Code = Float32Array.of(
  -1.0,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0.0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1.0,
);

/**
 * The 256 values of dynamic 8-bit quantization (Dettmers, 2015, arXiv 1511.04561): seven decades,
 * each with twice the resolution of the one below.
 *
 * @param signed whether negative values have codes too
 */
export function dynamicMap(signed: boolean): Float32Array {
  const values: number[] = [0, 1];
  for (let decade = 0; decade < 7; decade++) {
    const steps = signed ? 2 ** decade : 2 ** (decade + 1);
    const boundaries = linearlySpaced(0.1, 1, steps + 1);
    const scale = 10 ** (decade - 6);
    for (let i = 0; i < steps; i++) {
      const mean = Math.fround(Math.fround(boundaries[i]! + boundaries[i + 1]!) / 2);
      values.push(Math.fround(scale) * mean);
      if (signed) values.push(-Math.fround(scale) * mean);
    }
  }
  return Float32Array.from(values).sort();
}

/** `torch.linspace` in single precision: the second half is counted from the end. */
function linearlySpaced(start: number, end: number, count: number): Float32Array {
  const first = Math.fround(start);
  const last = Math.fround(end);
  const step = Math.fround(Math.fround(last - first) / (count - 1));
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? first + step * i : last - step * (count - 1 - i),
  );
}
