/** Counts of many hashes. */
import { expect, test } from "vitest";
import { lossyCounter } from "./lossyCounter.js";

/** Hash h comes in every h-th list, beside some that come once. */
function counted(batch: number, most: number) {
  const counter = lossyCounter(batch, most);
  for (let list = 1; list <= 200; list++) {
    const frequent = [1n, 2n, 3n, 50n].filter((hash) => BigInt(list) % hash === 0n);
    const rare = Array.from({ length: 20 }, (_, at) => BigInt(1000 * list + at));
    counter.add(BigUint64Array.from([...frequent, ...rare]));
  }
  return counter;
}

test("are exact while memory lasts, however small the batches are", () => {
  for (const batch of [7, 64, 1 << 16]) {
    expect(counted(batch, 1 << 16).atLeast(2)).toEqual([
      [1n, 200],
      [2n, 100],
      [3n, 66],
      [50n, 4],
    ]);
  }
});

test("of frequent ones stay nearly right when the rare are forgotten", () => {
  const found = new Map(counted(500, 600).atLeast(50));
  expect([...found.keys()]).toEqual([1n, 2n, 3n]);
  expect(found.get(1n)).toBeGreaterThan(190);
});
