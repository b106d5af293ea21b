/** The short set of `npm run test:faults`, with the same code: no trial may fail. */
import { describe, expect, it } from "vitest";
import { randomNumbers } from "../../src/util/testRandom.js";
import { faults } from "./all.js";
import { upperBound } from "./fault.js";

describe("a fault", () => {
  for (const fault of faults.filter(({ short }) => short !== undefined)) {
    const { id, title, short = 1 } = fault;
    const missing = fault.missing?.();
    const name = missing === undefined ? `${id}: ${title}` : `${id}: ${title} (${missing})`;
    it.skipIf(missing !== undefined)(
      name,
      async () => {
        const { n, failures } = await fault.run({ count: short, random: randomNumbers(1) });
        expect(failures).toEqual([]);
        expect(n).toBeGreaterThanOrEqual(short);
      },
      600_000,
    );
  }
});

it("the bound of none in n is that of the binomial distribution", () => {
  for (const n of [1, 59, 300]) expect((1 - upperBound(n)) ** n).toBeCloseTo(0.05, 12);
  expect(upperBound(300)).toBeCloseTo(0.0099, 4);
});
