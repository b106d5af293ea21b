/**
 * bitsandbytes' kernels for block-wise quantisation, through its C interface. The arithmetic around
 * them (NF4 rounding, double quantisation) is in `lora/`.
 */
import { handle } from "./dispatch.js";
import type { Device } from "./dtype.js";
import { nativeWithBitsandbytes } from "./native.js";
import { Tensor } from "./tensor.js";

/**
 * 8-bit quantisation: for each block its absolute maximum, for each value the nearest code.
 *
 * @param code [256] float32, ascending
 * @param values [n] float32, bfloat16 or float16, contiguous
 * @param absmax [ceil(n / blockSize)] float32, written
 * @param out [n] uint8, written
 */
export function quantizeBlockwise(
  code: Tensor,
  values: Tensor,
  absmax: Tensor,
  out: Tensor,
  blockSize: number,
): void {
  nativeWithBitsandbytes().bnbQuantizeBlockwise(
    handle(code) as number,
    handle(values) as number,
    handle(absmax) as number,
    handle(out) as number,
    blockSize,
  );
}

/** Inverse of {@link quantizeBlockwise}: `out = code[quantized] * absmax`, in the dtype of `out`. */
export function dequantizeBlockwise(
  code: Tensor,
  quantized: Tensor,
  absmax: Tensor,
  out: Tensor,
  blockSize: number,
): void {
  nativeWithBitsandbytes().bnbDequantizeBlockwise(
    handle(code) as number,
    handle(quantized) as number,
    handle(absmax) as number,
    handle(out) as number,
    blockSize,
  );
}

/**
 * NF4 to floating point.
 *
 * @param packed [ceil(n / 2)] uint8, two codes a byte, the first in the high half
 * @param absmax [ceil(n / blockSize)] float32
 * @param out [rows, columns] with n elements, written; n must be even on the CPU
 */
export function dequantizeNf4(
  packed: Tensor,
  absmax: Tensor,
  out: Tensor,
  blockSize: number,
): void {
  nativeWithBitsandbytes().bnbDequantizeNf4(
    handle(packed) as number,
    handle(absmax) as number,
    handle(out) as number,
    blockSize,
  );
}

/**
 * Memory of a CUDA device that its driver moves to the host while the device runs short.
 *
 * @returns [bytes] uint8, undefined values
 * @throws NativeError where bitsandbytes' library or the driver has none
 */
export function pagedBytes(bytes: number, device: Device): Tensor {
  const index = Number(device.split(":")[1] ?? 0);
  return new Tensor(nativeWithBitsandbytes().bnbPagedBytes(bytes, index));
}
