import { describe, expect, it } from "vitest";
import { countIntervalSteps, countWarmupSteps, createSchedule } from "./schedule.js";

const options = {
  learning_rate: 1,
  lr_scheduler_type: "linear",
  lr_scheduler_kwargs: {},
  warmup_steps: 0,
  warmup_ratio: 0,
} as const;

describe("warm-up", () => {
  it("takes whole steps as they are and shares rounded up", () => {
    expect(countWarmupSteps({ warmup_steps: 30, warmup_ratio: 0 }, 100)).toBe(30);
    expect(countWarmupSteps({ warmup_steps: 0.03, warmup_ratio: 0 }, 90)).toBe(3);
    expect(countWarmupSteps({ warmup_steps: 0, warmup_ratio: 0.03 }, 90)).toBe(3);
    expect(countWarmupSteps({ warmup_steps: 0, warmup_ratio: 0 }, 90)).toBe(0);
  });

  it("never reaches the peak when it is longer than the run", () => {
    const rate = createSchedule({ ...options, warmup_steps: 10 }, 5);
    expect([0, 4].map(rate)).toEqual([0, 0.4]);
  });

  it("stays finite when it takes the whole run", () => {
    for (const lr_scheduler_type of ["linear", "cosine", "polynomial", "inverse_sqrt"] as const) {
      const rate = createSchedule({ ...options, lr_scheduler_type, warmup_steps: 5 }, 5);
      for (let step = 0; step < 8; step++) expect(Number.isFinite(rate(step))).toBe(true);
    }
  });
});

it("an interval below 1 is a share of all steps, rounded up", () => {
  expect(countIntervalSteps(50, 1000)).toBe(50);
  expect(countIntervalSteps(0.1, 95)).toBe(10);
});
