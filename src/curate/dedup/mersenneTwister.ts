/** The random numbers of numpy's `RandomState`, for permutations equal to the reference's. */

const size = 624;
const middle = 397;

/** Draws whole numbers of 64 bits. */
export interface MersenneTwister {
  /** As `RandomState.randint(low, high, dtype=uint64)`: from `low` to below `high`. */
  integer(low: bigint, high: bigint): bigint;
}

/**
 * MT19937 (Matsumoto and Nishimura 1998), seeded as `numpy.random.RandomState(seed)`; ranges by
 * masked rejection, as numpy's legacy `randint` draws more than 32 bits.
 * @param seed whole number from 0 to 2^32 - 1
 */
export function mersenneTwister(seed: number): MersenneTwister {
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let index = 1; index < size; index++) {
    const before = state[index - 1]!;
    state[index] = Math.imul(1812433253, before ^ (before >>> 30)) + index;
  }
  let position = size;
  const word = (): number => {
    if (position === size) {
      for (let index = 0; index < size; index++) {
        const bits = (state[index]! & 0x80000000) | (state[(index + 1) % size]! & 0x7fffffff);
        const odd = bits & 1 ? 0x9908b0df : 0;
        state[index] = state[(index + middle) % size]! ^ (bits >>> 1) ^ odd;
      }
      position = 0;
    }
    let bits = state[position++]!;
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  };
  return {
    integer(low, high) {
      const range = high - low - 1n;
      const mask = (1n << BigInt(range.toString(2).length)) - 1n;
      for (;;) {
        const bits = ((BigInt(word()) << 32n) | BigInt(word())) & mask;
        if (bits <= range) return low + bits;
      }
    },
  };
}
