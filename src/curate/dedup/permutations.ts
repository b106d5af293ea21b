/** The numbers that stand for random permutations of the hashes. */
import { type MersenneTwister, mersenneTwister } from "../../util/mersenneTwister.js";

/** The Mersenne prime that hashes are taken modulo. */
const prime = (1n << 61n) - 1n;

/** One pair a permutation: hash h becomes ((h a + b) mod 2^64 mod (2^61 - 1)) & 0xffffffff. */
export interface Permutations {
  a: BigUint64Array;
  b: BigUint64Array;
}

/** How a and b follow each other in the stream of random numbers. */
export const permutationOrders = ["alternate", "grouped"] as const;
export type PermutationOrder = (typeof permutationOrders)[number];

/**
 * Drawn as the reference draws them: `alternate` a, b, a, b … (BigCode's minhash_deduplication.py
 * and data-juicer) or `grouped`, all a before all b (text-dedup), from `RandomState(seed)`.
 * @param count permutations
 */
export function makePermutations(count: number, seed = 42, order: PermutationOrder = "alternate") {
  const word = mersenneTwister(seed);
  const result: Permutations = { a: new BigUint64Array(count), b: new BigUint64Array(count) };
  const a = (index: number) => {
    result.a[index] = drawInteger(word, 1n, prime);
  };
  const b = (index: number) => {
    result.b[index] = drawInteger(word, 0n, prime);
  };
  for (let index = 0; index < count; index++) {
    a(index);
    if (order === "alternate") b(index);
  }
  if (order === "grouped") for (let index = 0; index < count; index++) b(index);
  return result;
}

/**
 * As numpy's `RandomState.randint(low, high, dtype=uint64)`, from `low` to below `high`: masked rejection, as
 * its legacy code draws more than 32 bits.
 */
function drawInteger(word: MersenneTwister, low: bigint, high: bigint): bigint {
  const range = high - low - 1n;
  const mask = (1n << BigInt(range.toString(2).length)) - 1n;
  for (;;) {
    const bits = ((BigInt(word()) << 32n) | BigInt(word())) & mask;
    if (bits <= range) return low + bits;
  }
}
