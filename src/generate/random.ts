/**
 * A small seeded generator of uniform numbers, xoshiro128** (Blackman and Vigna, 2018, arXiv
 * 1805.01407), so that a seed gives the same text on every machine and libtorch.
 */

/** Four 32-bit words; plain data, so that it can be stored and continued. */
export type RandomState = Uint32Array;

/** The state for a seed: an integer of zero or more. */
export function seededRandom(seed: number): RandomState {
  // SplitMix32 spreads the seed over the state, as the authors advise.
  let low = (seed >>> 0) ^ Math.imul(Math.floor(seed / 2 ** 32) >>> 0, 0x85ebca6b);
  return Uint32Array.from({ length: 4 }, () => {
    low = (low + 0x9e3779b9) >>> 0;
    let word = low ^ (low >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  });
}

function nextWord(state: RandomState): number {
  const [a = 0, b = 0, c = 0, d = 0] = state;
  const product = Math.imul(b, 5);
  const word = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
  state[2] = c ^ a;
  state[3] = d ^ b;
  state[1] = b ^ state[2];
  state[0] = a ^ state[3];
  state[2] ^= b << 9;
  const last = state[3];
  state[3] = (last << 11) | (last >>> 21);
  return word;
}

/** The next number in [0, 1), with 53 random bits; advances `state`. */
export function nextUniform(state: RandomState): number {
  const high = nextWord(state) >>> 5;
  const low = nextWord(state) >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
}
