import { describe, expect, test } from "vitest";
import { planBatches } from "./batchPlan.js";

const plan = (options: Partial<Parameters<typeof planBatches>[0]>) =>
  planBatches({ rows: 10, batchSize: 4, seed: 1, ...options });

describe("planBatches", () => {
  test("takes the rows in their order without shuffling, the last micro-batch smaller", () => {
    const { microBatchesPerEpoch, microBatch } = plan({ shuffle: false });
    expect(microBatchesPerEpoch).toBe(3);
    expect([0, 1, 2, 3].map(microBatch)).toEqual([
      { epoch: 0, rows: [0, 1, 2, 3] },
      { epoch: 0, rows: [4, 5, 6, 7] },
      { epoch: 0, rows: [8, 9] },
      { epoch: 1, rows: [0, 1, 2, 3] },
    ]);
  });

  test("is a pure function of the number, whatever was asked before", () => {
    const forwards = plan({ rows: 1000 });
    const backwards = plan({ rows: 1000 });
    const numbers = Array.from({ length: 600 }, (_, number) => number);
    const expected = numbers.map((number) => forwards.microBatch(number));
    for (const number of numbers.reverse()) {
      expect(backwards.microBatch(number)).toEqual(expected[number]);
    }
  });

  test("every epoch takes every row once, in another order", () => {
    const { microBatch, microBatchesPerEpoch } = plan({ rows: 103 });
    const epoch = (index: number) =>
      Array.from(
        { length: microBatchesPerEpoch },
        (_, n) => microBatch(index * microBatchesPerEpoch + n).rows,
      ).flat();
    expect(epoch(0)).not.toEqual(epoch(1));
    for (const index of [0, 1, 7]) {
      expect(epoch(index).sort((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, i) => i));
    }
  });

  test.each([
    [10, 4, 3],
    [10, 1, 4],
    [12, 2, 3],
    [1, 8, 4],
    [97, 5, 8],
  ])(
    "shares %i rows in micro-batches of %i between %i ranks: disjoint, complete, equally many",
    (rows, batchSize, worldSize) => {
      const plans = Array.from({ length: worldSize }, (_, rank) =>
        plan({ rows, batchSize, worldSize, rank }),
      );
      const [{ microBatchesPerEpoch }] = plans as [(typeof plans)[0]];
      const taken: number[] = [];
      for (let number = 0; number < microBatchesPerEpoch; number++) {
        const shares = plans.map((one) => one.microBatch(number).rows);
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(batchSize);
        taken.push(...shares.flat());
      }
      expect(plans.map((one) => one.microBatchesPerEpoch)).toEqual(
        plans.map(() => microBatchesPerEpoch),
      );
      expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
    },
  );
});
