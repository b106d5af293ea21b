/** Random numbers for tests, the same in every run. */
import { hashKey } from "../../util/hash.js";

/** @returns a function that gives numbers from 0 up to but not including 1 */
export function random(seed: number): () => number {
  let draws = 0;
  return () => hashKey(seed, draws++) / 2 ** 53;
}
