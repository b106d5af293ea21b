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

/** Below this rate, operations a second, large matrices would take a minute and show the same. */
const SLOW = 4e9;
const SMALL_SIZE = 256;

/** Rates of fp32, bf16 and fp16 on every device; a few seconds in all, the best of some tries. */
export async function measureGemm(): Promise<GemmRate[]> {
  const { devices, gemmRate } = await import("../tensor/index.js");
  return devices().flatMap((device) =>
    (["float32", "bfloat16", "float16"] as const).map((dtype) => {
      const small = gemmRate(device, dtype, SMALL_SIZE);
      if (small < SLOW) return { device, dtype, size: SMALL_SIZE, gflops: small / 1e9 };
      const size = device === "cpu" ? 1024 : 8192;
      return { device, dtype, size, gflops: gemmRate(device, dtype, size) / 1e9 };
    }),
  );
}
