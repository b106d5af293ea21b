/** Several lists, one behind the other: which of them a place falls into. */

/** [n + 1]: the sum of the values before each place, and of all. */
export function runningSum(values: readonly number[]): number[] {
  const sums = [0];
  for (const value of values) sums.push(sums.at(-1)! + value);
  return sums;
}

/** The last place of an ascending list whose value is at most `value`; never that of the total. */
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
