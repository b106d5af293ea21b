/**
 * bitsandbytes' kernels for block-wise quantization, through its C interface. The arithmetic around
 * them (NF4 rounding, double quantization) is in `lora/`.
 */
import { handle } from "./dispatch.js";
import type { Device } from "./dtype.js";
import { nativeWithBitsandbytes } from "./native.js";
import { Tensor } from "./tensor.js";

/**
 * 8-bit quantization: for each block its absolute maximum, for each value the nearest code.
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
 * `out = x Wᵀ + bias` on CUDA with W in NF4 with double quantization; W is never whole in memory, so
 * that few rows, as in generation, cost little more than reading its 4 bits.
 *
 * @param x [m, k] float32, bfloat16 or float16, contiguous; `blockSize` divides k
 * @param weight its codes, [n * k / 2] uint8; block maxima as 8-bit codes [n * k / blockSize], their own
 *   maxima [ceil(n * k / blockSize / 256)], their table [256] and offset []
 * @param out [m, n], written
 * @param bias [n] or null
 */
export function linearNf4Into(
  x: Tensor,
  weight: {
    packed: Tensor;
    absmax: Tensor;
    nestedAbsmax: Tensor;
    nestedCode: Tensor;
    offset: Tensor;
  },
  out: Tensor,
  bias: Tensor | null,
  blockSize: number,
): void {
  nativeWithBitsandbytes().bnbLinearNf4(
    handle(x) as number,
    handle(weight.packed) as number,
    handle(weight.absmax) as number,
    handle(weight.nestedAbsmax) as number,
    handle(weight.nestedCode) as number,
    handle(weight.offset) as number,
    handle(out) as number,
    bias && (handle(bias) as number),
    blockSize,
  );
}

/**
 * Asks the driver to bring memory of {@link pagedBytes} to its device before it is used.
 *
 * @param paged contiguous, over memory of {@link pagedBytes}
 */
export function prefetchPaged(paged: Tensor): void {
  nativeWithBitsandbytes().bnbPrefetch(handle(paged) as number);
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
