/** Measures how fast a device multiplies matrices, the bulk of the work in training. */
import type { Device, DType } from "../tensor/index.js";

/** Rate of one element type on one device. */
export interface GemmRate {
  device: string;
  dtype: string;
  /** Rows and columns of the square matrices. */
  size: number;
  /** 10^9 floating-point operations a second, a multiplication and an addition counted as two. */
  gflops: number;
}

/** Rates of fp32, bf16 and fp16 on every device; about half a second for each. */
export async function measureGemm(): Promise<GemmRate[]> {
  const { devices, matmul, noGrad, synchronize, tensor, tidy } = await import("../tensor/index.js");

  /** Seconds that `repeats` products of `size` by `size` matrices take. */
  function time(device: Device, dtype: DType, size: number, repeats: number): number {
    return tidy(() =>
      noGrad(() => {
        const values = Float32Array.from({ length: size * size }, (_, i) => ((i * 37) % 101) / 101);
        const a = tensor(values, [size, size]).to({ dtype, device });
        matmul(a, a);
        synchronize();
        const started = performance.now();
        for (let i = 0; i < repeats; i++) tidy(() => void matmul(a, a));
        synchronize();
        return (performance.now() - started) / 1000;
      }),
    );
  }

  const rates: GemmRate[] = [];
  for (const device of devices()) {
    for (const dtype of ["float32", "bfloat16", "float16"] as const) {
      // A first small product tells how large a one fits into the time: emulated types are slow.
      const seconds = time(device, dtype, 256, 1);
      const size = device !== "cpu" ? 8192 : seconds > 0.01 ? 256 : 1024;
      const once = time(device, dtype, size, 1);
      const repeats = Math.max(1, Math.min(1000, Math.round(0.4 / once)));
      const total = time(device, dtype, size, repeats);
      rates.push({ device, dtype, size, gflops: (2 * size ** 3 * repeats) / total / 1e9 });
    }
  }
  return rates;
}
