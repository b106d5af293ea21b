/** Python's random numbers against CPython's own. */
import { expect, test } from "vitest";
import { pythonRandom } from "./index.js";

test("numbers and samples are CPython's", () => {
  // python3 -c "import random; r = random.Random(1234); print(r.random(), r.sample(range(7473), 5))"
  expect(pythonRandom(1234).random()).toBe(0.9664535356921388);
  const random = pythonRandom(1234);
  const population = Array.from({ length: 7473 }, (_, i) => i);
  expect(random.sample(population, 5)).toEqual([6374, 3610, 957, 61, 742]);
  expect(random.sample(population, 5)).toEqual([7462, 6610, 4769, 286, 5501]);
  const other = pythonRandom(2 ** 32 + 5); // A seed of two words.
  const few = Array.from({ length: 22 }, (_, i) => i);
  expect(other.sample(few, 5)).toEqual([5, 15, 9, 19, 0]);
  expect(other.sample(few.slice(0, 21), 5)).toEqual([11, 5, 15, 20, 7]);
  const items = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  other.shuffle(items);
  expect(items).toEqual([8, 0, 2, 6, 7, 1, 4, 3, 5]);
  expect(other.random()).toBe(0.42011232304655155);
});
