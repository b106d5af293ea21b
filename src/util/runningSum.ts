/** Finds the list that a position falls into when several lists are concatenated. */

/** [n + 1]: the sum of the values before each position, and the total. */
export function runningSum(values: readonly number[]): number[] {
  const sums = [0];
  for (const value of values) sums.push(sums.at(-1)! + value);
  return sums;
}

/** The last position in an ascending list whose value is at most `value`, excluding the total. */
export function lastAtMost(sums: readonly number[], value: number): number {
  let low = 0;
  let high = sums.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sums[middle]! <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
