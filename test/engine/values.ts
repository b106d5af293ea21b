/** Tensors and plain numbers in tests. */
import { noGrad, type Tensor, tensor, tidy } from "../../src/tensor/index.js";
import type { Random } from "./random.js";

/** All elements as numbers, in row-major order; 64-bit integers must be safe ones. */
export function numbers(x: Tensor): number[] {
  return noGrad(() =>
    tidy(() => {
      const bytes = x.to({ dtype: "float64" }).contiguous().bytes();
      return [...new Float64Array(bytes.buffer, bytes.byteOffset, x.numel)];
    }),
  );
}

/** A tensor of normally distributed float32 numbers. */
export function normal(random: Random, shape: readonly number[], factor = 1): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return tensor(
    Float32Array.from({ length: count }, () => random.normal() * factor),
    shape,
  );
}

/** Largest absolute difference of two tensors of one shape. */
export function difference(a: Tensor, b: Tensor): number {
  if (String(a.shape) !== String(b.shape)) throw new Error(`shapes differ: ${a} and ${b}`);
  const others = numbers(b);
  return numbers(a).reduce((most, value, i) => {
    const distance = Math.abs(value - others[i]!);
    return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(most, distance);
  }, 0);
}
