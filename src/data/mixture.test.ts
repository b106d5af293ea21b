/** Mixtures: shares, up- and down-sampling over epochs, purity of the order. */
import { expect, test } from "vitest";
import { planMixture } from "./mixture.js";

const sources = (...list: { rows: number; weight?: number; repeat?: number }[]) =>
  list.map((source, index) => ({ name: `source ${index}`, ...source }));

/** How often each row was taken in the epochs asked for. */
function counts(mixture: ReturnType<typeof planMixture>, rows: number, epochs: number): number[] {
  const taken = new Array<number>(rows).fill(0);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let index = 0; index < mixture.rowsPerEpoch; index++)
      taken[mixture.rowAt(epoch, index)]!++;
  }
  return taken;
}

test("without shares every row comes once an epoch, in another order each time", () => {
  const mixture = planMixture({ sources: sources({ rows: 7 }, { rows: 20 }), seed: 5 });
  expect(counts(mixture, 27, 1)).toEqual(new Array(27).fill(1));
  const order = (epoch: number) => Array.from({ length: 27 }, (_, i) => mixture.rowAt(epoch, i));
  expect(order(0)).not.toEqual(order(1));
});

test("weights are shares of an epoch as long as all sources together", () => {
  const mixture = planMixture({
    sources: sources({ rows: 10, weight: 3 }, { rows: 70, weight: 2 }, { rows: 20, weight: 5 }),
    seed: 1,
  });
  expect(mixture).toMatchObject({ rowsPerEpoch: 100, taken: [30, 20, 50] });
  const taken = counts(mixture, 100, 1);
  expect(taken.slice(0, 10)).toEqual(new Array(10).fill(3));
  expect(taken.slice(10, 80).filter((count) => count === 1)).toHaveLength(20);
  expect(new Set(taken.slice(80))).toEqual(new Set([2, 3]));
});

test("shares that do not divide add up all the same", () => {
  const third = { rows: 10, weight: 1 };
  expect(planMixture({ sources: sources(third, third, third), seed: 1 }).taken).toEqual([
    10, 10, 10,
  ]);
  const mixture = planMixture({
    sources: sources({ rows: 10, weight: 1 }, { rows: 1, weight: 1 }, { rows: 9, weight: 1e-9 }),
    seed: 1,
  });
  expect(mixture.taken).toEqual([10, 9, 1]);
});

test("over several epochs the rows of a source are taken equally often, give or take one", () => {
  const mixture = planMixture({
    sources: sources({ rows: 9, repeat: 0.4 }, { rows: 6, repeat: 2.5 }),
    seed: 11,
  });
  expect(mixture.taken).toEqual([4, 15]);
  for (const epochs of [1, 2, 3, 9]) {
    const taken = counts(mixture, 15, epochs);
    for (const part of [taken.slice(0, 9), taken.slice(9)]) {
      expect(Math.max(...part) - Math.min(...part)).toBeLessThanOrEqual(1);
    }
  }
});

test("the order is a pure function of seed, epoch and place", () => {
  const make = (seed: number) =>
    planMixture({ sources: sources({ rows: 50, weight: 1 }, { rows: 9, weight: 2 }), seed });
  const [forwards, backwards, other] = [make(3), make(3), make(4)];
  const places = Array.from({ length: 200 }, (_, i) => [i % 5, (i * 37) % 59] as const);
  const expected = places.map(([epoch, index]) => forwards.rowAt(epoch, index));
  expect(places.map(([epoch, index]) => other.rowAt(epoch, index))).not.toEqual(expected);
  for (const [order, [epoch, index]] of [...places.entries()].reverse()) {
    expect(backwards.rowAt(epoch, index)).toBe(expected[order]);
  }
});

test("without shuffling the sources come one after another, and repeat from their beginning", () => {
  const { rowAt, rowsPerEpoch } = planMixture({
    sources: sources({ rows: 2, repeat: 1.5 }, { rows: 3 }),
    seed: 1,
    shuffle: false,
  });
  const order = (epoch: number) => Array.from({ length: rowsPerEpoch }, (_, i) => rowAt(epoch, i));
  expect(order(0)).toEqual([0, 1, 0, 2, 3, 4]);
  expect(order(1)).toEqual([1, 0, 1, 2, 3, 4]);
});

test("rows to estimate from are spread over the sources in their shares", () => {
  const mixture = planMixture({
    sources: sources({ rows: 10, weight: 9 }, { rows: 990, weight: 1 }),
    seed: 1,
  });
  const rows = mixture.spread(100);
  expect(rows.filter((row) => row < 10)).toHaveLength(90);
  expect(new Set(rows.filter((row) => row < 10)).size).toBe(10);
  expect(Math.max(...rows)).toBeGreaterThan(900);
  expect(mixture.spread(2000)).toHaveLength(1000);
});

test("shares that contradict each other are refused", () => {
  const plan = (...list: Parameters<typeof sources>) =>
    planMixture({ sources: sources(...list), seed: 1 });
  expect(() => plan({ rows: 1, weight: 1 }, { rows: 1 })).toThrow(
    "source 1 has no weight, but source 0 has one",
  );
  expect(() => plan({ rows: 1, weight: 1, repeat: 2 })).toThrow("both weight and repeat");
});
