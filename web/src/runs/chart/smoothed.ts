/**
 * Exponential moving average with the correction of its start, as TensorBoard draws it: each value is
 * `weight` of what came before and `1 - weight` of its own, divided by the weights that there are so far.
 * Nulls stay where they are and count for nothing.
 *
 * @param weight 0 (as it is) to under 1
 */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  if (weight === 0) return [...values];
  let average = 0;
  let given = 0;
  return values.map((value) => {
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    given = weight * given + (1 - weight);
    return average / given;
  });
}
