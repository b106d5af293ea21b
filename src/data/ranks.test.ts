/** Property: whatever mixture, packing and number of ranks, an epoch is shared out whole and evenly. */
import { expect, test } from "vitest";
import { hashKey } from "../util/hash.js";
import { planBatches } from "./batchPlan.js";
import { planMixture } from "./mixture.js";
import { planPacking } from "./packing.js";

/** Rows of each micro-batch, or span, that a rank takes in an epoch. */
type RankRows = (rank: number) => { microBatches: number; rows: number[] };

function expectWhole(expected: readonly number[], worldSize: number, rowsOf: RankRows): void {
  const parts = Array.from({ length: worldSize }, (_, rank) => rowsOf(rank));
  expect(new Set(parts.map(({ microBatches }) => microBatches)).size).toBe(1);
  const ascending = (rows: readonly number[]) => rows.toSorted((a, b) => a - b);
  expect(ascending(parts.flatMap(({ rows }) => rows))).toEqual(ascending(expected));
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))("seed %i", (seed) => {
  let draws = 0;
  const draw = (from: number, to: number) => from + (hashKey(seed, draws++) % (to - from + 1));
  const weighted = draw(0, 1) === 1;
  const sources = Array.from({ length: draw(1, 4) }, (_, index) => ({
    name: `source ${index}`,
    rows: draw(1, 90),
    ...(weighted ? { weight: draw(1, 9) } : { repeat: draw(1, 12) / 4 }),
  }));
  const mixture = planMixture({ sources, seed, shuffle: draw(0, 3) > 0 });
  const [epoch, worldSize, batchSize] = [draw(0, 5), draw(1, 5), draw(1, 7)];
  const rows = mixture.rowsPerEpoch;
  const places = Array.from({ length: rows }, (_, index) => index);
  const expected = places.map((index) => mixture.rowAt(epoch, index));

  expectWhole(expected, worldSize, (rank) => {
    const plan = planBatches({ rows, batchSize, seed, rowAt: mixture.rowAt, rank, worldSize });
    const taken: number[] = [];
    for (let batch = 0; batch < plan.microBatchesPerEpoch; batch++) {
      taken.push(...plan.microBatch(epoch * plan.microBatchesPerEpoch + batch).rows);
    }
    return { microBatches: plan.microBatchesPerEpoch, rows: taken };
  });

  const tokensPerRow = draw(5, 900);
  expectWhole(expected, worldSize, (rank) => {
    const tokenBudget = batchSize * 512;
    const plan = planPacking({ rows, tokensPerRow, tokenBudget, rank, worldSize });
    const taken: number[] = [];
    let span = -1;
    for (let batch = 0; batch < plan.microBatchesPerEpoch; batch++) {
      const { number, from, to } = plan.spanOf(epoch * plan.microBatchesPerEpoch + batch);
      if (number === span) continue;
      span = number;
      for (let place = from; place < to; place++) taken.push(mixture.rowAt(epoch, place));
    }
    return { microBatches: plan.microBatchesPerEpoch, rows: taken };
  });
});
