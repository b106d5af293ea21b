/**
 * XXH64, the checksum of zstd frames, with seed 0 and in 64-bit halves of two 32-bit words.
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
 */

export interface XxHash64 {
  update(bytes: Uint8Array): void;
  /** The hash of all bytes so far. */
  digest(): bigint;
}

const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;
const mask = (1n << 64n) - 1n;

const stripeBytes = 32;

export function xxHash64(): XxHash64 {
  /** Low and high words of the four accumulators. */
  const words = new Int32Array(8);
  [prime1 + prime2, prime2, 0n, -prime1].forEach((value, lane) => {
    words[lane * 2] = Number(BigInt.asIntN(32, value));
    words[lane * 2 + 1] = Number(BigInt.asIntN(32, value >> 32n));
  });
  const rest = new Uint8Array(stripeBytes);
  let restLength = 0;
  let total = 0;
  return {
    update(bytes) {
      total += bytes.length;
      let at = 0;
      if (restLength > 0) {
        at = Math.min(stripeBytes - restLength, bytes.length);
        rest.set(bytes.subarray(0, at), restLength);
        restLength += at;
        if (restLength < stripeBytes) return;
        addStripes(words, rest, 0, stripeBytes);
        restLength = 0;
      }
      const end = at + Math.floor((bytes.length - at) / stripeBytes) * stripeBytes;
      addStripes(words, bytes, at, end);
      rest.set(bytes.subarray(end));
      restLength = bytes.length - end;
    },
    digest: () => finish(words, rest.subarray(0, restLength), total),
  };
}

/** `accumulator = rotateLeft(accumulator + input · prime2, 31) · prime1`, for four lanes a stripe. */
function addStripes(words: Int32Array, bytes: Uint8Array, from: number, end: number): void {
  for (let lane = 0; lane < 4; lane++) {
    let low = words[lane * 2]!;
    let high = words[lane * 2 + 1]!;
    for (let at = from + lane * 8; at < end; at += stripeBytes) {
      const inputLow =
        bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      const inputHigh =
        bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
      // input · prime2
      const productLow = Math.imul(inputLow, 0x27d4eb4f);
      const productHigh =
        upperProduct(inputLow, 0x27d4, 0xeb4f) +
        Math.imul(inputHigh, 0x27d4eb4f) +
        Math.imul(inputLow, 0xc2b2ae3d);
      const sum = (low >>> 0) + (productLow >>> 0);
      low = sum | 0;
      high = (high + productHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
      const rotatedLow = (low << 31) | (high >>> 1);
      const rotatedHigh = (high << 31) | (low >>> 1);
      // · prime1
      low = Math.imul(rotatedLow, 0x85ebca87);
      high =
        (upperProduct(rotatedLow, 0x85eb, 0xca87) +
          Math.imul(rotatedHigh, 0x85ebca87) +
          Math.imul(rotatedLow, 0x9e3779b1)) |
        0;
    }
    words[lane * 2] = low;
    words[lane * 2 + 1] = high;
  }
}

/** Bits 32 to 63 of a 32-bit number times another one that is given in halves. */
function upperProduct(value: number, factorHigh: number, factorLow: number): number {
  const valueHigh = value >>> 16;
  const valueLow = value & 0xffff;
  const middle = valueHigh * factorLow + ((valueLow * factorLow) >>> 16);
  const cross = valueLow * factorHigh + (middle & 0xffff);
  return (valueHigh * factorHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) | 0;
}

function finish(words: Int32Array, rest: Uint8Array, total: number): bigint {
  let hash = prime5;
  if (total >= stripeBytes) {
    const lanes = [0, 1, 2, 3].map(
      (lane) => BigInt(words[lane * 2]! >>> 0) | (BigInt(words[lane * 2 + 1]! >>> 0) << 32n),
    );
    hash = lanes.reduce((sum, value, lane) => sum + rotate(value, [1, 7, 12, 18][lane]!), 0n);
    for (const value of lanes) hash = (hash ^ round(0n, value)) * prime1 + prime4;
  }
  hash = (hash + BigInt(total)) & mask;
  const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
  let at = 0;
  for (; at + 8 <= rest.length; at += 8) {
    hash = rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27) * prime1 + prime4;
    hash &= mask;
  }
  if (at + 4 <= rest.length) {
    hash = rotate(hash ^ (BigInt(view.getUint32(at, true)) * prime1), 23) * prime2 + prime3;
    hash &= mask;
    at += 4;
  }
  for (; at < rest.length; at++) {
    hash = (rotate(hash ^ (BigInt(rest[at]!) * prime5), 11) * prime1) & mask;
  }
  hash = ((hash ^ (hash >> 33n)) * prime2) & mask;
  hash = ((hash ^ (hash >> 29n)) * prime3) & mask;
  return hash ^ (hash >> 32n);
}

function round(accumulator: bigint, input: bigint): bigint {
  return (rotate(accumulator + input * prime2, 31) * prime1) & mask;
}

function rotate(value: bigint, bits: number): bigint {
  const word = value & mask;
  return ((word << BigInt(bits)) | (word >> BigInt(64 - bits))) & mask;
}
