/** CPython's `random.Random`, so that examples are those that the reference draws. */
import { mersenneTwisterOfKey } from "../../util/mersenneTwister.js";

export interface PythonRandom {
  /** A number in [0, 1) of 53 bits. */
  random(): number;
  /** An integer in [0, n). */
  below(n: number): number;
  /** k different items in random order. @throws RangeError where there are fewer */
  sample<Item>(population: readonly Item[], k: number): Item[];
  /** Puts the items of an array in random order. */
  shuffle(items: unknown[]): void;
}

/** @param seed an integer; its sign does not count */
export function pythonRandom(seed: number): PythonRandom {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`${seed} is not an integer`);
  const bits32 = mersenneTwisterOfKey(wordsOf(Math.abs(seed)));

  function below(n: number): number {
    if (!(n > 0 && n <= 0xffffffff)) throw new RangeError(`cannot draw below ${n}`);
    const shift = Math.clz32(n);
    for (;;) {
      const drawn = bits32() >>> shift;
      if (drawn < n) return drawn;
    }
  }

  function sample<Item>(population: readonly Item[], k: number): Item[] {
    const n = population.length;
    if (k < 0 || k > n) throw new RangeError(`cannot draw ${k} of ${n}`);
    return drawsByPool(n, k) ? sampleByPool(population, k) : sampleBySet(population, k);
  }

  function sampleByPool<Item>(population: readonly Item[], k: number): Item[] {
    const pool = [...population];
    return Array.from({ length: k }, (_, i) => {
      const j = below(pool.length - i);
      const item = pool[j]!;
      pool[j] = pool[pool.length - i - 1]!;
      return item;
    });
  }

  function sampleBySet<Item>(population: readonly Item[], k: number): Item[] {
    const taken = new Set<number>();
    while (taken.size < k) taken.add(below(population.length)); // A repeated draw adds nothing.
    return [...taken].map((i) => population[i]!);
  }

  return {
    below,
    sample,
    random: () => ((bits32() >>> 5) * 0x4000000 + (bits32() >>> 6)) / 0x20000000000000,
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [items[i], items[j]] = [items[j], items[i]];
      }
    },
  };
}

/** CPython's rule: whether a list of all items takes less room than a set of those drawn. */
function drawsByPool(n: number, k: number): boolean {
  let setSize = 21;
  if (k > 5) setSize += 4 ** Math.ceil(Math.log(k * 3) / Math.log(4));
  return n <= setSize;
}

/** The 32-bit words of a number, the lowest first. */
function wordsOf(seed: number): number[] {
  const high = Math.floor(seed / 0x100000000);
  return high > 0 ? [seed >>> 0, high] : [seed >>> 0];
}
