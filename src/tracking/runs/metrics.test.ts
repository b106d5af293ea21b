import { expect, it } from "vitest";
import type { EndEvent, EventRow } from "../../train/events/index.js";
import { metricsOf, summaryOf } from "./metrics.js";

const stored = { time: 1_800_000_000, attempt: 1 };

const stepRow = {
  type: "step",
  step: 5,
  epoch: 0.5,
  loss: 1.25,
  learning_rate: 1e-4,
  grad_norm: 0.75,
  tokens: 100,
  labelled_tokens: 40,
  tokens_per_second: 50,
  rss_bytes: 1000,
} as const;

it("names values as transformers' callbacks do, and leaves out what a row does not have", () => {
  const step = metricsOf({ ...stored, ...stepRow });
  expect(step).toEqual({
    "train/loss": 1.25,
    "train/grad_norm": 0.75,
    "train/learning_rate": 1e-4,
    "train/epoch": 0.5,
    "train/tokens_per_second": 50,
    "train/tokens": 100,
    "train/labelled_tokens": 40,
    "train/rss_bytes": 1000,
  });
  const evaluation = { eval_loss: 2, samples: 10, labelled_tokens: 30, seconds: 4 };
  expect(metricsOf({ ...stored, type: "evaluation", step: 5, ...evaluation })).toEqual({
    "eval/loss": 2,
    "eval/runtime": 4,
    "eval/samples_per_second": 2.5,
  });
  const more = { total_flos: 7, source_losses: { chat: 1, code: 2 }, data_wait_seconds: 0.5 };
  expect(metricsOf({ ...stored, ...stepRow, ...more })).toMatchObject({
    "train/total_flos": 7,
    "train/data_wait_seconds": 0.5,
    "train/source_loss/chat": 1,
    "train/source_loss/code": 2,
  });
  expect(metricsOf({ ...stored, type: "warning", step: 5, message: "m" })).toBeUndefined();
});

it("keeps the figures of the whole run for the end", () => {
  const end = {
    ...stored,
    type: "end",
    step: 9,
    epoch: 1,
    train_runtime: 10,
    train_samples_per_second: 3,
    train_steps_per_second: 0.9,
    total_flos: 1e12,
    train_loss: 1.5,
  } as EventRow<EndEvent>;
  const figures = {
    train_runtime: 10,
    train_samples_per_second: 3,
    train_steps_per_second: 0.9,
    total_flos: 1e12,
    train_loss: 1.5,
  };
  expect(summaryOf(end)).toEqual(figures);
  const curves = Object.entries(figures).map(([name, value]) => [`train/${name}`, value]);
  expect(metricsOf(end)).toEqual({ ...Object.fromEntries(curves), "train/epoch": 1 });
});

it("names scores by task and metric, with the filter of an answer behind", () => {
  const scores = {
    mmlu_anatomy: { "acc,none": 0.5, "acc_stderr,none": 0.1 },
    gsm8k: { "exact_match,strict-match": 0.25 },
  };
  const event = { protocol: "lm-eval", scores, questions: 6, seconds: 1 } as const;
  expect(metricsOf({ ...stored, type: "benchmark", step: 5, epoch: 0.5, ...event })).toEqual({
    "eval/mmlu_anatomy/acc": 0.5,
    "eval/mmlu_anatomy/acc_stderr": 0.1,
    "eval/gsm8k/exact_match/strict-match": 0.25,
    "train/epoch": 0.5,
  });
});
