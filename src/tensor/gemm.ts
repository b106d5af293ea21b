/** Measures how fast a device multiplies matrices, the bulk of the work in training. */
import { noGrad } from "./autograd.js";
import { synchronize } from "./device.js";
import type { Device, DType } from "./dtype.js";
import { matmul } from "./ops.gen.js";
import { tensor, tidy } from "./tensor.js";

/**
 * Operations a second of `size` by `size` products, a multiplication and an addition counted as two;
 * the best of some tries.
 */
export function gemmRate(device: Device, dtype: DType, size = 512, tries = 5): number {
  return tidy(() =>
    noGrad(() => {
      const values = Float32Array.from({ length: size * size }, (_, i) => ((i * 37) % 101) / 101);
      const a = tensor(values, [size, size]).to({ dtype, device });
      let best = Number.POSITIVE_INFINITY;
      // The first product is not counted: libraries compile and tune at first use.
      for (let i = 0; i <= tries; i++) {
        synchronize(device);
        const start = performance.now();
        tidy(() => void matmul(a, a));
        synchronize(device);
        if (i > 0) best = Math.min(best, performance.now() - start);
      }
      return (2 * size ** 3) / (best / 1000);
    }),
  );
}

/** A rate, and the size of the square matrices that it was reached with. */
export interface PeakRate {
  size: number;
  /** Operations a second. */
  rate: number;
}

/** Below this rate, operations a second, large matrices would take a minute and show the same. */
const SLOW = 4e9;

/** The best rate that large products reach on a device; a second or so to measure. */
export function peakGemmRate(device: Device, dtype: DType): PeakRate {
  const small = { size: 256, rate: gemmRate(device, dtype, 256) };
  if (small.rate < SLOW) return small;
  const sizes = device === "cpu" ? [512, 1024] : [4096, 8192];
  return sizes
    .map((size) => ({ size, rate: gemmRate(device, dtype, size, 10) }))
    .reduce((best, next) => (next.rate > best.rate ? next : best));
}
