/**
 * Super-blocks of 256 of ggml's K types: eight or sixteen groups, each with a scale of six or eight
 * bits under one half-precision scale. Products of those are exact in double, so that the store
 * rounds once, as single-precision arithmetic does.
 * Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
 */
import { halfToSingle } from "./float16.js";

/** 144 bytes: half scale, half minimum scale, 12 bytes of 6-bit scales, 128 bytes of nibbles. */
export function dequantiseQ4K(
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
    for (let group = 0; group < 8; group += 2) {
      const scaleA = scale * groupScale(raw, from + 4, group);
      const scaleB = scale * groupScale(raw, from + 4, group + 1);
      const minimumA = minimum * groupMinimum(raw, from + 4, group);
      const minimumB = minimum * groupMinimum(raw, from + 4, group + 1);
      const nibbles = from + 16 + group * 16;
      const first = to + group * 32;
      for (let i = 0; i < 32; i++) {
        const byte = raw[nibbles + i]!;
        out[first + i] = scaleA * (byte & 15) - minimumA;
        out[first + 32 + i] = scaleB * (byte >> 4) - minimumB;
      }
    }
    from += 144;
    to += 256;
  }
}

/** 176 bytes: as Q4_K with 32 bytes of fifth bits before the nibbles. */
export function dequantiseQ5K(
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
    for (let group = 0; group < 8; group += 2) {
      const scaleA = scale * groupScale(raw, from + 4, group);
      const scaleB = scale * groupScale(raw, from + 4, group + 1);
      const minimumA = minimum * groupMinimum(raw, from + 4, group);
      const minimumB = minimum * groupMinimum(raw, from + 4, group + 1);
      const nibbles = from + 48 + group * 16;
      const first = to + group * 32;
      for (let i = 0; i < 32; i++) {
        const byte = raw[nibbles + i]!;
        const fifth = raw[from + 16 + i]! >> group;
        out[first + i] = scaleA * ((byte & 15) | ((fifth & 1) << 4)) - minimumA;
        out[first + 32 + i] = scaleB * ((byte >> 4) | ((fifth & 2) << 3)) - minimumB;
      }
    }
    from += 176;
    to += 256;
  }
}

/** 210 bytes: 128 of low nibbles, 64 of high bit pairs, 16 signed scales, half scale. */
export function dequantiseQ6K(
  raw: Uint8Array,
  from: number,
  out: Float32Array,
  to: number,
  blocks: number,
): void {
  const half = halfToSingle();
  for (let block = 0; block < blocks; block++) {
    const scale = half[raw[from + 208]! | (raw[from + 209]! << 8)]!;
    for (let group = 0; group < 16; group++) {
      const groupScaled = scale * ((raw[from + 192 + group]! << 24) >> 24);
      // Groups 0-7 lie in the first half of the bytes; pairs of groups share 32 bytes.
      const part = group & 7;
      const nibbles = from + (group >> 3) * 64 + (part & 3) * 16;
      const pairs = from + 128 + (group >> 3) * 32 + (part & 1) * 16;
      const nibbleShift = part >> 2 === 0 ? 0 : 4;
      const pairShift = (part >> 1) * 2;
      const first = to + group * 16;
      for (let i = 0; i < 16; i++) {
        const low = (raw[nibbles + i]! >> nibbleShift) & 15;
        const high = (raw[pairs + i]! >> pairShift) & 3;
        out[first + i] = groupScaled * ((low | (high << 4)) - 32);
      }
    }
    from += 210;
    to += 256;
  }
}

/** Six bits: groups 0-3 in bytes 0-3, groups 4-7 in low nibbles of bytes 8-11 and top bits. */
function groupScale(raw: Uint8Array, at: number, group: number): number {
  if (group < 4) return raw[at + group]! & 63;
  return (raw[at + group + 4]! & 15) | ((raw[at + group - 4]! >> 6) << 4);
}

function groupMinimum(raw: Uint8Array, at: number, group: number): number {
  if (group < 4) return raw[at + group + 4]! & 63;
  return (raw[at + group + 4]! >> 4) | ((raw[at + group]! >> 6) << 4);
}
