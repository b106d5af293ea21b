/** Packing: spans known by arithmetic, equal counts on all ranks, balanced bins. */
import { describe, expect, test } from "vitest";
import { packSpan, planPacking } from "./packing.js";

/** Places of an epoch that each micro-batch's span takes, rank by rank. */
function spansOf(options: Parameters<typeof planPacking>[0], epoch: number) {
  const plan = planPacking(options);
  const spans = new Map<number, ReturnType<typeof plan.spanOf>>();
  for (let batch = 0; batch < plan.microBatchesPerEpoch; batch++) {
    const span = plan.spanOf(epoch * plan.microBatchesPerEpoch + batch);
    spans.set(span.number, span);
  }
  return { plan, spans: [...spans.values()] };
}

describe("planPacking", () => {
  const settings = [
    { rows: 1000, tokensPerRow: 300, tokenBudget: 2048 },
    { rows: 17, tokensPerRow: 300, tokenBudget: 4096 },
    { rows: 3, tokensPerRow: 1000, tokenBudget: 1024 },
    { rows: 5000, tokensPerRow: 2, tokenBudget: 100_000 },
    { rows: 1, tokensPerRow: 10, tokenBudget: 64 },
  ];
  test.each(settings)("ranks have disjoint rows and equally many micro-batches: %o", (given) => {
    for (const worldSize of [1, 2, 3, 7]) {
      const places: number[] = [];
      const counts = new Set<number>();
      for (let rank = 0; rank < worldSize; rank++) {
        const { plan, spans } = spansOf({ ...given, rank, worldSize }, 2);
        counts.add(plan.microBatchesPerEpoch);
        expect(spans.reduce((sum, { bins }) => sum + bins, 0)).toBe(plan.microBatchesPerEpoch);
        for (const { from, to, epoch } of spans) {
          expect(epoch).toBe(2);
          for (let place = from; place < to; place++) places.push(place);
        }
      }
      expect(counts.size).toBe(1);
      expect(places.sort((a, b) => a - b)).toEqual(
        Array.from({ length: given.rows }, (_, index) => index),
      );
    }
  });

  test("the number of micro-batches follows from the tokens, and a checkpoint overrules it", () => {
    const given = { rows: 1000, tokensPerRow: 300, tokenBudget: 2048, worldSize: 2 };
    expect(planPacking(given).microBatchesPerEpoch).toBe(Math.ceil(300_000 / 4096));
    expect(planPacking({ ...given, microBatchesPerEpoch: 60 }).microBatchesPerEpoch).toBe(60);
  });

  test("micro-batches of a span follow each other", () => {
    const { spanOf } = planPacking({ rows: 1000, tokensPerRow: 300, tokenBudget: 2048 });
    for (const number of [0, 5, 146, 147, 400]) {
      const { firstBatch, bins } = spanOf(number);
      expect(number - firstBatch).toBeGreaterThanOrEqual(0);
      expect(number - firstBatch).toBeLessThan(bins);
    }
  });
});

describe("packSpan", () => {
  const lengths = Array.from({ length: 200 }, (_, index) => 20 + ((index * 7919) % 1000));
  const total = lengths.reduce((sum, length) => sum + length, 0);

  test("every sequence lies in one bin, in its order, and bins are about equally full", () => {
    const bins = packSpan(lengths, 12, 9);
    expect(bins.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, index) => index));
    for (const bin of bins) {
      expect(bin).toEqual([...bin].sort((a, b) => a - b));
      const tokens = bin.reduce((sum, index) => sum + lengths[index]!, 0);
      expect(Math.abs(tokens / (total / 12) - 1)).toBeLessThan(0.02);
    }
  });

  test("is a function of lengths and seed; the longest is not always first", () => {
    expect(packSpan(lengths, 12, 9)).toEqual(packSpan(lengths, 12, 9));
    const longest = lengths.indexOf(Math.max(...lengths));
    const places = [1, 2, 3, 4, 5, 6].map((seed) =>
      packSpan(lengths, 12, seed).findIndex((bin) => bin.includes(longest)),
    );
    expect(new Set(places).size).toBeGreaterThan(1);
  });

  test("fewer sequences than bins leave bins empty", () => {
    const bins = packSpan([5, 6], 4, 1);
    expect(bins.filter((bin) => bin.length === 0)).toHaveLength(2);
  });
});
