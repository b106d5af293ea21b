/**
 * Blocks of ggml's quantized types as values. Each value is one product and at most one sum of
 * exactly representable numbers, computed in double and rounded once by the store into `out`:
 * that equals single-precision arithmetic bit for bit.
 * Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
 */
import { halfToSingle } from "./float16.js";

/**
 * Turns `blocks` blocks of `raw`, from byte `from`, into single-precision values in `out`, from
 * element `to`.
 */
export type Dequantize = (
  raw: Uint8Array,
  from: number,
  out: Float32Array,
  to: number,
  blocks: number,
) => void;

/**
 * Half scale, half minimum, 32 fifth bits, 16 bytes of nibbles. Value is `scale * (q - center) +
 * minimum`. Adding -0, where there is no minimum, changes no value, -0 neither.
 */
function nibbles({ hasMinimum = false, hasFifthBits = false, center = 0 }): Dequantize {
  const fifthBitsAt = hasMinimum ? 4 : 2;
  const nibblesAt = fifthBitsAt + (hasFifthBits ? 4 : 0);
  const bytes = nibblesAt + 16;
  return (raw, from, out, to, blocks) => {
    const half = halfToSingle();
    for (let block = 0; block < blocks; block++) {
      const scale = half[raw[from]! | (raw[from + 1]! << 8)]!;
      const minimum = hasMinimum ? half[raw[from + 2]! | (raw[from + 3]! << 8)]! : -0;
      const first = from + nibblesAt;
      // Several values a turn: one a turn costs a fifth more.
      if (hasFifthBits) {
        const at = from + fifthBitsAt;
        const low = raw[at]! | (raw[at + 1]! << 8);
        const high = raw[at + 2]! | (raw[at + 3]! << 8);
        for (let i = 0; i < 16; i += 2) {
          const a = raw[first + i]!;
          const b = raw[first + i + 1]!;
          const l = low >> i;
          const h = high >> i;
          const p = to + i;
          out[p] = scale * (((a & 15) | ((l & 1) << 4)) - center) + minimum;
          out[p + 1] = scale * (((b & 15) | ((l & 2) << 3)) - center) + minimum;
          out[p + 16] = scale * (((a >> 4) | ((h & 1) << 4)) - center) + minimum;
          out[p + 17] = scale * (((b >> 4) | ((h & 2) << 3)) - center) + minimum;
        }
      } else {
        for (let i = 0; i < 16; i += 4) {
          const a = raw[first + i]!;
          const b = raw[first + i + 1]!;
          const c = raw[first + i + 2]!;
          const d = raw[first + i + 3]!;
          const p = to + i;
          out[p] = scale * ((a & 15) - center) + minimum;
          out[p + 1] = scale * ((b & 15) - center) + minimum;
          out[p + 2] = scale * ((c & 15) - center) + minimum;
          out[p + 3] = scale * ((d & 15) - center) + minimum;
          out[p + 16] = scale * ((a >> 4) - center) + minimum;
          out[p + 17] = scale * ((b >> 4) - center) + minimum;
          out[p + 18] = scale * ((c >> 4) - center) + minimum;
          out[p + 19] = scale * ((d >> 4) - center) + minimum;
        }
      }
      from += bytes;
      to += 32;
    }
  };
}

/** Half scale, 32 signed bytes. Value is `scale * q`. */
const signedBytes: Dequantize = (raw, from, out, to, blocks) => {
  const half = halfToSingle();
  for (let block = 0; block < blocks; block++) {
    const scale = half[raw[from]! | (raw[from + 1]! << 8)]!;
    for (let i = 0; i < 32; i++) out[to + i] = scale * ((raw[from + 2 + i]! << 24) >> 24);
    from += 34;
    to += 32;
  }
};

/**
 * Half scale, half minimum scale, 12 bytes with a scale and a minimum of 6 bits for each of eight
 * parts, 32 bytes of fifth bits, 128 bytes of nibbles. Products of scales are exact in double.
 */
function superBlocks({ hasFifthBits }: { hasFifthBits: boolean }): Dequantize {
  const nibblesAt = hasFifthBits ? 48 : 16;
  const bytes = nibblesAt + 128;
  return (raw, from, out, to, blocks) => {
    const half = halfToSingle();
    for (let block = 0; block < blocks; block++) {
      const scale = half[raw[from]! | (raw[from + 1]! << 8)]!;
      const minimum = half[raw[from + 2]! | (raw[from + 3]! << 8)]!;
      for (let part = 0; part < 8; part += 2) {
        const scaleA = scale * partScale(raw, from + 4, part);
        const scaleB = scale * partScale(raw, from + 4, part + 1);
        const minimumA = minimum * partMinimum(raw, from + 4, part);
        const minimumB = minimum * partMinimum(raw, from + 4, part + 1);
        const nibbles = from + nibblesAt + part * 16;
        const first = to + part * 32;
        if (hasFifthBits) {
          for (let i = 0; i < 32; i++) {
            const byte = raw[nibbles + i]!;
            const fifth = raw[from + 16 + i]! >> part;
            out[first + i] = scaleA * ((byte & 15) | ((fifth & 1) << 4)) - minimumA;
            out[first + 32 + i] = scaleB * ((byte >> 4) | ((fifth & 2) << 3)) - minimumB;
          }
        } else {
          for (let i = 0; i < 32; i += 2) {
            const a = raw[nibbles + i]!;
            const b = raw[nibbles + i + 1]!;
            const p = first + i;
            out[p] = scaleA * (a & 15) - minimumA;
            out[p + 1] = scaleA * (b & 15) - minimumA;
            out[p + 32] = scaleB * (a >> 4) - minimumB;
            out[p + 33] = scaleB * (b >> 4) - minimumB;
          }
        }
      }
      from += bytes;
      to += 256;
    }
  };
}

/** 128 bytes of low nibbles, 64 of high bit pairs, 16 signed scales, half scale. */
const sixBits: Dequantize = (raw, from, out, to, blocks) => {
  const half = halfToSingle();
  for (let block = 0; block < blocks; block++) {
    const scale = half[raw[from + 208]! | (raw[from + 209]! << 8)]!;
    for (let part = 0; part < 16; part++) {
      const partScaled = scale * ((raw[from + 192 + part]! << 24) >> 24);
      // Parts 0-7 lie in the first half of the bytes; pairs of parts share 32 bytes.
      const inHalf = part & 7;
      const nibbles = from + (part >> 3) * 64 + (inHalf & 3) * 16;
      const pairs = from + 128 + (part >> 3) * 32 + (inHalf & 1) * 16;
      const nibbleShift = inHalf >> 2 === 0 ? 0 : 4;
      const pairShift = (inHalf >> 1) * 2;
      const first = to + part * 16;
      for (let i = 0; i < 16; i++) {
        const low = (raw[nibbles + i]! >> nibbleShift) & 15;
        const high = (raw[pairs + i]! >> pairShift) & 3;
        out[first + i] = partScaled * ((low | (high << 4)) - 32);
      }
    }
    from += 210;
    to += 256;
  }
};

/** Six bits: parts 0-3 in bytes 0-3, parts 4-7 in low nibbles of bytes 8-11 and top bits. */
function partScale(raw: Uint8Array, at: number, part: number): number {
  if (part < 4) return raw[at + part]! & 63;
  return (raw[at + part + 4]! & 15) | ((raw[at + part - 4]! >> 6) << 4);
}

function partMinimum(raw: Uint8Array, at: number, part: number): number {
  if (part < 4) return raw[at + part + 4]! & 63;
  return (raw[at + part + 4]! >> 4) | ((raw[at + part]! >> 6) << 4);
}

/** Of the quantized types that are read: elements of a block, its bytes, and its values. */
export const dequantizers = {
  Q4_0: { elements: 32, bytes: 18, dequantize: nibbles({ center: 8 }) },
  Q4_1: { elements: 32, bytes: 20, dequantize: nibbles({ hasMinimum: true }) },
  Q5_0: { elements: 32, bytes: 22, dequantize: nibbles({ hasFifthBits: true, center: 16 }) },
  Q5_1: { elements: 32, bytes: 24, dequantize: nibbles({ hasFifthBits: true, hasMinimum: true }) },
  Q8_0: { elements: 32, bytes: 34, dequantize: signedBytes },
  Q4_K: { elements: 256, bytes: 144, dequantize: superBlocks({ hasFifthBits: false }) },
  Q5_K: { elements: 256, bytes: 176, dequantize: superBlocks({ hasFifthBits: true }) },
  Q6_K: { elements: 256, bytes: 210, dequantize: sixBits },
} satisfies Record<string, { elements: number; bytes: number; dequantize: Dequantize }>;
