import { expect, it } from "vitest";
import { formatDuration } from "../util/formatDuration.js";
import type { EventRow, TrainingEvent } from "./events/index.js";
import { createProgress, formatBytes } from "./progress.js";

/** What a terminal shows after everything that was written: its lines, without the escapes. */
function screen(isTTY: boolean, columns = 120) {
  let text = "";
  const stream = { isTTY, columns, write: (part: string) => (text += part) };
  const lines = () =>
    text
      .split("\n")
      .map((line) => line.split("\r\x1b[2K").at(-1) ?? "")
      .filter((line) => line !== "");
  return { stream, lines, text: () => text };
}

const row = (event: TrainingEvent): EventRow => ({ ...event, time: 0, attempt: 1 }) as EventRow;

const start = row({
  type: "start",
  step: 0,
  total_steps: 100,
  run_name: null,
  model: "m",
  train_mode: "lora",
  device: "cpu",
  compute_dtype: "bfloat16",
  samples: 600,
  parameters: 1000,
  trainable_parameters: 10,
});
const step = (at: number) =>
  row({
    type: "step",
    step: at,
    epoch: 0.1,
    loss: 1.23456,
    learning_rate: 2e-4,
    grad_norm: 0.5,
    tokens: 1000,
    labelled_tokens: 400,
    tokens_per_second: 123.4,
    rss_bytes: 2.5e9,
  });

it("a terminal shows one line with step, loss, tokens/s, ETA, memory and rate", () => {
  const { stream, lines, text } = screen(true);
  let clock = 0;
  const progress = createProgress({ stream, now: () => clock });
  progress.handle(start);
  clock = 10;
  progress.handle(step(10));
  expect(lines()[1]).toBe("step 10/100  loss 1.2346  123 tokens/s  ETA 1:30  2.50 GB  lr 2.00e-4");
  clock = 20;
  progress.handle(step(20));
  expect(lines()).toHaveLength(2);
  expect(lines()[1]).toContain("step 20/100");
  progress.close();
  expect(text().endsWith("\n")).toBe(true);
});

it("other events get lines of their own above the live line", () => {
  const { stream, lines } = screen(true);
  const progress = createProgress({ stream });
  progress.handle(step(10));
  progress.handle(row({ type: "warning", step: 10, message: "careful" }));
  progress.handle(
    row({ type: "evaluation", step: 10, eval_loss: 2, samples: 5, labelled_tokens: 9, seconds: 1 }),
  );
  progress.handle(step(11));
  expect(lines()[0]).toBe("Warning: careful");
  expect(lines()[1]).toBe("step 10: held-out loss 2.0000 (5 conversations)");
  expect(lines()[2]).toContain("step 11");
});

it("a narrow terminal cuts the line instead of wrapping it", () => {
  const { stream, lines } = screen(true, 30);
  const progress = createProgress({ stream });
  progress.handle(step(10));
  expect(lines()[0]!.length).toBeLessThan(30);
});

it("ticks move the live line, ten times a second at most", () => {
  const { stream, text } = screen(true);
  let clock = 0;
  const progress = createProgress({ stream, now: () => clock });
  for (let at = 1; at <= 100; at++) {
    clock = at / 100;
    progress.handle({ type: "tick", step: at, total_steps: 1000 });
  }
  expect(text().split("\r").length - 1).toBeLessThanOrEqual(11);
  expect(text()).toMatch(/step 9\d\/1000/);
});

it("the rate after resuming counts this attempt's steps only", () => {
  const { stream, lines } = screen(true);
  let clock = 0;
  const progress = createProgress({ stream, now: () => clock });
  progress.handle({ ...start, step: 50 } as EventRow);
  clock = 10;
  progress.handle(step(60));
  expect(lines()[1]).toContain("ETA 0:40");
});

it("without a terminal each step event is a plain line and ticks are silent", () => {
  const { stream, text } = screen(false);
  const progress = createProgress({ stream });
  progress.handle(start);
  progress.handle({ type: "tick", step: 1, total_steps: 100 });
  progress.handle(step(10));
  progress.handle(step(20));
  progress.close();
  expect(text()).not.toContain("\x1b");
  expect(text().trimEnd().split("\n")).toHaveLength(3);
});

it("disable_tqdm shows warnings and nothing else", () => {
  const { stream, text } = screen(true);
  const progress = createProgress({ stream, disabled: true });
  progress.handle(start);
  progress.handle(step(10));
  progress.handle(row({ type: "warning", step: 10, message: "careful" }));
  progress.close();
  expect(text()).toBe("Warning: careful\n");
});

it("durations and sizes read well", () => {
  expect([5, 75, 3700].map(formatDuration)).toEqual(["0:05", "1:15", "1:01:40"]);
  expect([999, 1500, 2.5e6, 1.5e9].map(formatBytes)).toEqual(["999 B", "2 kB", "3 MB", "1.50 GB"]);
});
