/** Random choices for tests, the same in every run. */

/** @returns a function that returns integers from 0 up to, but not including, its limit */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
