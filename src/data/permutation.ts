/**
 * Shuffling that is computed, not stored: a pseudo-random permutation as a pure function of seed and
 * epoch, so that any place in the order is known without going through those before it.
 */

const rounds = 8;

/**
 * A permutation of `0 … length - 1`. A balanced Feistel network permutes the next power of four, and
 * results outside are put through again until one falls inside (cycle walking; Black and Rogaway,
 * "Ciphers with Arbitrary Finite Domains", 2002): under four evaluations on average, no memory.
 * @param seed any whole number
 * @param epoch each epoch has its own order
 * @param length up to 2^52
 */
export function permutation(
  seed: number,
  epoch: number,
  length: number,
): (index: number) => number {
  if (length < 2) return (index) => index;
  let halfBits = 1;
  while (4 ** halfBits < length) halfBits++;
  const half = 2 ** halfBits;
  const mask = half - 1;
  const keys = roundKeys(seed, epoch);
  return (index) => {
    let value = index;
    do {
      let left = Math.floor(value / half);
      let right = value % half;
      for (let round = 0; round < rounds; round++) {
        const mixed = left ^ (mix(right ^ keys[round]!) & mask);
        left = right;
        right = mixed;
      }
      value = left * half + right;
    } while (value >= length);
    return value;
  };
}

function roundKeys(seed: number, epoch: number): Int32Array {
  const keys = new Int32Array(rounds);
  let state = 0x9e3779b9 | 0;
  for (const word of [seed, Math.floor(seed / 2 ** 32), epoch, Math.floor(epoch / 2 ** 32)]) {
    state = mix(state ^ (word | 0)) + 0x6d2b79f5;
  }
  for (let round = 0; round < rounds; round++) {
    state = (state + 0x9e3779b9) | 0;
    keys[round] = mix(state);
  }
  return keys;
}

/** The finaliser of MurmurHash3: each bit of the result depends on every bit of the word. */
function mix(word: number): number {
  let hash = word | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
