/** Which number type the products of a run are computed in, and how fast this machine is at it. */
import { type Device, type DType, gemmRate } from "../tensor/index.js";

/** The number type of the products and the measured peak of the device for it. */
export interface ProductPrecision {
  dtype: DType;
  /** Operations a second. */
  peak: number;
}

/**
 * On a CPU with bfloat16 weights, products are computed in whichever of bfloat16 and float32 this
 * CPU is faster at. Both multiply bfloat16 values exactly and sum in float32; many CPUs without AMX
 * do float32 at twice the rate. Weights and the residual stream stay bfloat16 either way.
 *
 * @param dtype the number type that the configuration asks for
 * @param before the choice of an earlier attempt, which a resumed run keeps
 */
export function choosePrecision(device: Device, dtype: DType, before?: DType): ProductPrecision {
  if (before) return { dtype: before, peak: gemmRate(device, before, 1024) };
  const own = { dtype, peak: gemmRate(device, dtype, 1024) };
  if (device !== "cpu" || dtype !== "bfloat16") return own;
  const single = { dtype: "float32" as const, peak: gemmRate(device, "float32", 1024) };
  return single.peak > own.peak ? single : own;
}
