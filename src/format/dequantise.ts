/**
 * Blocks of 32 of ggml's older quantised types. Each value is one product and at most one sum of
 * exactly representable numbers, computed in double and rounded once by the store into `out`:
 * that equals single-precision arithmetic bit for bit.
 * Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
 */
import { halfToSingle } from "./float16.js";

/** 18 bytes: half scale, 16 bytes of nibbles. Value is `scale * (q - 8)`. */
export function dequantiseQ4_0(
  raw: Uint8Array,
  from: number,
  out: Float32Array,
  to: number,
  blocks: number,
): void {
  const half = halfToSingle();
  for (let block = 0; block < blocks; block++) {
    const scale = half[raw[from]! | (raw[from + 1]! << 8)]!;
    for (let i = 0; i < 16; i++) {
      const byte = raw[from + 2 + i]!;
      out[to + i] = scale * ((byte & 15) - 8);
      out[to + 16 + i] = scale * ((byte >> 4) - 8);
    }
    from += 18;
    to += 32;
  }
}

/** 20 bytes: half scale, half minimum, 16 bytes of nibbles. Value is `scale * q + minimum`. */
export function dequantiseQ4_1(
  raw: Uint8Array,
  from: number,
  out: Float32Array,
  to: number,
  blocks: number,
): void {
  const half = halfToSingle();
  for (let block = 0; block < blocks; block++) {
    const scale = half[raw[from]! | (raw[from + 1]! << 8)]!;
    const minimum = half[raw[from + 2]! | (raw[from + 3]! << 8)]!;
    for (let i = 0; i < 16; i++) {
      const byte = raw[from + 4 + i]!;
      out[to + i] = scale * (byte & 15) + minimum;
      out[to + 16 + i] = scale * (byte >> 4) + minimum;
    }
    from += 20;
    to += 32;
  }
}

/** 22 bytes: half scale, 32 fifth bits, 16 bytes of nibbles. Value is `scale * (q - 16)`. */
export function dequantiseQ5_0(
  raw: Uint8Array,
  from: number,
  out: Float32Array,
  to: number,
  blocks: number,
): void {
  const half = halfToSingle();
  for (let block = 0; block < blocks; block++) {
    const scale = half[raw[from]! | (raw[from + 1]! << 8)]!;
    const low = raw[from + 2]! | (raw[from + 3]! << 8);
    const high = raw[from + 4]! | (raw[from + 5]! << 8);
    for (let i = 0; i < 16; i++) {
      const byte = raw[from + 6 + i]!;
      out[to + i] = scale * (((byte & 15) | (((low >> i) & 1) << 4)) - 16);
      out[to + 16 + i] = scale * (((byte >> 4) | (((high >> i) & 1) << 4)) - 16);
    }
    from += 22;
    to += 32;
  }
}

/** 24 bytes: half scale, half minimum, 32 fifth bits, 16 bytes of nibbles. */
export function dequantiseQ5_1(
  raw: Uint8Array,
  from: number,
  out: Float32Array,
  to: number,
  blocks: number,
): void {
  const half = halfToSingle();
  for (let block = 0; block < blocks; block++) {
    const scale = half[raw[from]! | (raw[from + 1]! << 8)]!;
    const minimum = half[raw[from + 2]! | (raw[from + 3]! << 8)]!;
    const low = raw[from + 4]! | (raw[from + 5]! << 8);
    const high = raw[from + 6]! | (raw[from + 7]! << 8);
    for (let i = 0; i < 16; i++) {
      const byte = raw[from + 8 + i]!;
      out[to + i] = scale * ((byte & 15) | (((low >> i) & 1) << 4)) + minimum;
      out[to + 16 + i] = scale * ((byte >> 4) | (((high >> i) & 1) << 4)) + minimum;
    }
    from += 24;
    to += 32;
  }
}

/** 34 bytes: half scale, 32 signed bytes. Value is `scale * q`. */
export function dequantiseQ8_0(
  raw: Uint8Array,
  from: number,
  out: Float32Array,
  to: number,
  blocks: number,
): void {
  const half = halfToSingle();
  for (let block = 0; block < blocks; block++) {
    const scale = half[raw[from]! | (raw[from + 1]! << 8)]!;
    for (let i = 0; i < 32; i++) out[to + i] = scale * ((raw[from + 2 + i]! << 24) >> 24);
    from += 34;
    to += 32;
  }
}
