/** Measures how fast each device multiplies matrices, the bulk of the work in training. */

/** Rate of one element type on one device. */
export interface GemmRate {
  device: string;
  dtype: string;
  /** Rows and columns of the square matrices. */
  size: number;
  /** 10^9 floating-point operations a second, a multiplication and an addition counted as two. */
  gflops: number;
}

/** Rates of fp32, bf16 and fp16 on every device; some seconds in all, the best of some tries. */
export async function measureGemm(): Promise<GemmRate[]> {
  const { devices } = await import("../tensor/index.js");
  const { measurePeak } = await import("../train/index.js");
  return devices().flatMap((device) =>
    (["float32", "bfloat16", "float16"] as const).map((dtype) => {
      const { size, rate } = measurePeak(device, dtype);
      return { device, dtype, size, gflops: rate / 1e9 };
    }),
  );
}
