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

/** Rates of fp32, bf16 and fp16 on every device; about two seconds for each, the best of three tries. */
export async function measureGemm(): Promise<GemmRate[]> {
  const { devices, matmul, noGrad, synchronize, tensor, tidy } = await import("../tensor/index.js");

  /** The best of three times, in seconds: what else runs on the machine only makes it slower. */
  function bestTime(device: Device, dtype: DType, size: number, repeats: number): number {
    return Math.min(...[0, 1, 2].map(() => time(device, dtype, size, repeats)));
  }

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
      // Emulated types are slow, so the size grows only while a product is quick.
      const largest = device === "cpu" ? 1024 : 8192;
      let size = 512;
      while (size < largest && bestTime(device, dtype, size, 4) < 0.04) size *= 2;
      const repeats = Math.max(
        1,
        Math.min(1000, Math.round(1.6 / bestTime(device, dtype, size, 4))),
      );
      const total = bestTime(device, dtype, size, repeats);
      rates.push({ device, dtype, size, gflops: (2 * size ** 3 * repeats) / total / 1e9 });
    }
  }
  return rates;
}
