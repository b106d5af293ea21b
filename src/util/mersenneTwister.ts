/** MT19937 (Matsumoto and Nishimura, 1998), for random numbers equal to numpy's and CPython's. */

const size = 624;
const middle = 397;

/** Gives the next 32 random bits. */
export type MersenneTwister = () => number;

/** @param seed whole number from 0 to 2^32 - 1 (`init_genrand` of the reference implementation) */
export function mersenneTwister(seed: number): MersenneTwister {
  return wordsOf(seededState(seed));
}

/** @param key whole numbers from 0 to 2^32 - 1, one or more (`init_by_array`) */
export function mersenneTwisterOfKey(key: readonly number[]): MersenneTwister {
  const state = seededState(19650218);
  const mixed = (i: number) => state[i - 1]! ^ (state[i - 1]! >>> 30);
  let i = 1;
  const next = () => {
    if (++i < size) return;
    state[0] = state[size - 1]!;
    i = 1;
  };
  for (let step = 0; step < Math.max(size, key.length); step++, next()) {
    const j = step % key.length;
    state[i] = (state[i]! ^ Math.imul(mixed(i), 1664525)) + key[j]! + j;
  }
  for (let step = 1; step < size; step++, next()) {
    state[i] = (state[i]! ^ Math.imul(mixed(i), 1566083941)) - i;
  }
  state[0] = 0x80000000;
  return wordsOf(state);
}

function seededState(seed: number): Uint32Array {
  const state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++) {
    const before = state[i - 1]!;
    state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
  }
  return state;
}

function wordsOf(state: Uint32Array): MersenneTwister {
  let position = size;
  return () => {
    if (position === size) {
      twist(state);
      position = 0;
    }
    let bits = state[position++]!;
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < size; i++) {
    const bits = (state[i]! & 0x80000000) | (state[(i + 1) % size]! & 0x7fffffff);
    state[i] = state[(i + middle) % size]! ^ (bits >>> 1) ^ (bits & 1 ? 0x9908b0df : 0);
  }
}
