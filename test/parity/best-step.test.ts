/** The best step and early stopping against transformers' Trainer; best_step_fixtures.py makes the fixture. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { initialTrainerState } from "../../src/train/trainerState.js";
import { isOutOfPatience, takeMetric, takeSaved } from "../../src/train/watch/index.js";

interface Case {
  /** Held-out losses, one a step; those that JSON has no numbers for by name. */
  values: (number | "nan" | "inf")[];
  greater_is_better: boolean;
  early_stopping_patience: number | null;
  early_stopping_threshold: number;
  save_strategy: "steps" | "best";
  last_step: number;
  best_step: number | null;
}

const file = new URL("./fixtures/best-step.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Case[] };
const numbers = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY };

/** Takes in the held-out losses in the order of the training loop, with a checkpoint where one is due. */
function decide({ values, save_strategy, ...config }: Case) {
  const state = initialTrainerState({
    lossScale: { value: 1, goodSteps: 0 },
    productDtype: "float32",
  });
  for (const value of values) {
    if (isOutOfPatience(state, config)) break;
    state.step += 1;
    const isBest = takeMetric(state, typeof value === "number" ? value : numbers[value], config);
    if (save_strategy === "steps" || isBest) takeSaved(state, config);
  }
  return { last_step: state.step, best_step: state.bestCheckpoint?.step ?? null };
}

it("are the same step for every series of losses", () => {
  expect(cases.length).toBeGreaterThanOrEqual(80);
  for (const one of cases) {
    const { last_step, best_step } = one;
    expect(decide(one), JSON.stringify(one)).toEqual({ last_step, best_step });
  }
});
