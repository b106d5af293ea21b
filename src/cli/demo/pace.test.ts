import { expect, test } from "vitest";
import { loadTrainingConfig } from "../../train/index.js";
import { packageRoot } from "../../util/packageRoot.js";
import {
  BUDGET_SECONDS,
  describeMinutes,
  describePace,
  FULL_STEPS,
  fitSteps,
  LEAST_STEPS,
  withSteps,
} from "./pace.js";
import { planDemo } from "./plan.js";

const root = packageRoot();
const pace = (secondsPerStep: number) => ({ secondsPerStep, otherSeconds: 10 });

test.each([
  [0.5, FULL_STEPS],
  [2, FULL_STEPS],
  [2.2, FULL_STEPS],
  [3, 99],
  [6, 47],
  [12, 21],
  [30, LEAST_STEPS],
])("at %d seconds a step it does %d steps", (secondsPerStep, steps) => {
  const fitted = fitSteps(pace(secondsPerStep), 40);
  expect(fitted.steps).toBe(steps);
  expect(fitted.totalSeconds).toBeCloseTo(50 + (steps + 4) * secondsPerStep, 6);
  if (steps > LEAST_STEPS) expect(fitted.totalSeconds).toBeLessThan(1.1 * BUDGET_SECONDS);
});

test("says what it chose and how long it takes, and how long all would", () => {
  const told = (secondsPerStep: number) =>
    describePace(pace(secondsPerStep), fitSteps(pace(secondsPerStep), 40), 40);
  expect(told(1)).toBe(
    "A step takes 1.0 seconds here, so there is time for all 138 steps: the demo will take about 3 minutes.",
  );
  expect(told(6)).toMatch(/47 of the 138 steps.* about 6 minutes.*--full .* about 15 minutes/);
  expect(told(30)).toMatch(
    /slow, or busy.*28 steps of half the size.* about 10 minutes.*--full.* an hour and 10/,
  );
});

test("the steps that the plan counts are those of its configuration", () => {
  const plan = planDemo("fitted", root, "output/demo", root);
  const { config } = loadTrainingConfig(`${root}/${plan.configFile}`, plan.overrides);
  // 276 conversations: the test of the demo's data counts them.
  const steps = Math.ceil(276 / config.per_device_train_batch_size) * config.num_train_epochs;
  expect(steps).toBe(FULL_STEPS);
  expect(withSteps(plan, FULL_STEPS)).toEqual(plan);
});

test("fewer steps are flags of the same command", () => {
  const plan = withSteps(planDemo("fitted", root, "output/demo", root), 40);
  const { config } = loadTrainingConfig(`${root}/${plan.configFile}`, plan.overrides);
  expect(config).toMatchObject({
    max_steps: 40,
    warmup_steps: 4,
    logging_steps: 5,
    eval_on_start: true,
  });
  expect(withSteps(planDemo("fitted", root, "o"), LEAST_STEPS).overrides).toMatchObject({
    max_steps: 28,
    warmup_steps: 3,
    per_device_train_batch_size: 2,
  });
  expect(withSteps(plan, 120).overrides.warmup_steps).toBe(8);
});

test.each([
  [5, "about a minute"],
  [89, "about a minute"],
  [360, "about 6 minutes"],
  [3600, "about an hour"],
  [4380, "about an hour and 10 minutes"],
  [7230, "about 2 hours"],
])("%d seconds are %s", (seconds, words) => {
  expect(describeMinutes(seconds)).toBe(words);
});
