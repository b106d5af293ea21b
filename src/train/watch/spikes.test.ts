import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../test/engine/random.js";
import { findSpikes, freshHistory } from "./spikes.js";

/** Losses of a run: falling, and as noisy as those of small batches. */
function losses(seed: number, steps: number, noise = 0.2): number[] {
  const random = seededRandom(seed);
  const normal = () => Array.from({ length: 12 }, () => random.next()).reduce((a, b) => a + b) - 6;
  return Array.from(
    { length: steps },
    (_, i) => (1 + 2 / (1 + i / 20)) * Math.exp(noise * normal()),
  );
}

/** Steps, counted from 0, at which a spike is seen. */
function spikesIn(values: readonly number[], factor = 2): number[] {
  const history = freshHistory();
  return values.flatMap((loss, i) => {
    return findSpikes(history, { loss, grad_norm: 3 * loss }, factor).length > 0 ? [i] : [];
  });
}

describe("spikes", () => {
  it("of ten times the loss are seen in their step, 30 of 30", () => {
    for (let seed = 0; seed < 30; seed++) {
      const values = losses(seed, 100);
      const at = 12 + ((seed * 37) % 85);
      values[at]! *= 10;
      expect(spikesIn(values)).toContain(at);
    }
  });

  it("are not seen in clean runs, but for one in 20", () => {
    const alarms = Array.from(
      { length: 20 },
      (_, seed) => spikesIn(losses(100 + seed, 300)).length,
    );
    expect(alarms.filter((count) => count > 0).length).toBeLessThanOrEqual(1);
  });

  it("are not seen before there is something to compare with", () => {
    expect(spikesIn([1, 1.1, 0.9, 50, 1])).toEqual([]);
  });

  it("of a loss of nearly nothing are none", () => {
    expect(
      spikesIn([...Array.from({ length: 20 }, (_, i) => 1e-5 * (1 + (i % 3) / 10)), 1e-3]),
    ).toEqual([20]);
    const history = freshHistory();
    for (let i = 0; i < 20; i++) {
      findSpikes(history, { loss: 1e-5 * (1 + (i % 3) / 10), grad_norm: 1 + (i % 3) / 10 }, 2);
    }
    expect(findSpikes(history, { loss: 1e-3, grad_norm: 1 }, 2)).toEqual([]);
    expect(findSpikes(history, { loss: 1, grad_norm: 9 }, 2)).toMatchObject([
      { metric: "loss", value: 1 },
      { metric: "grad_norm", value: 9 },
    ]);
  });

  it("that last become the usual", () => {
    const values = [...losses(7, 60, 0.05), ...losses(8, 60, 0.05).map((loss) => 4 * loss)];
    const seen = spikesIn(values);
    expect(seen[0]).toBe(60);
    expect(seen.at(-1)).toBeLessThan(90);
  });
});
