/** A small hash for keys of random draws; not for security. */

/**
 * An integer below 2^53 that depends on every part, for keys such as (seed, step, layer).
 *
 * @param parts integers
 */
export function hashKey(...parts: readonly number[]): number {
  let low = 0x9e3779b9;
  let high = 0x85ebca6b;
  for (const part of parts) {
    for (const word of [part >>> 0, Math.floor(part / 2 ** 32) >>> 0]) {
      low = Math.imul(low ^ word, 0xcc9e2d51);
      low ^= low >>> 15;
      high = Math.imul(high ^ low, 0x1b873593) + word;
      high ^= high >>> 13;
    }
  }
  low = Math.imul(low ^ high, 0xc2b2ae35);
  low ^= low >>> 16;
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}
