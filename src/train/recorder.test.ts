import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type EventRow, readEvents, type Tick } from "./events/index.js";
import { type FinishedStep, openRecorder, type Recorder } from "./recorder.js";
import { initialTrainerState } from "./trainerState.js";

let directory: string;
let recorder: Recorder;
let events: EventRow[];
let ticks: Tick[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tunewright-recorder-"));
  [events, ticks] = [[], []];
  recorder = openRecorder(directory, {
    state: initialTrainerState({ lossScale: { value: 1, goodSteps: 0 }, productDtype: "float32" }),
    plan: { totalSteps: 10, stepsPerEpoch: 4, microBatchesPerEpoch: 4, accumulation: 1 },
    device: "cpu",
    flosPerToken: 18,
    lossScaling: true,
    peak: () => 1e9,
    readers: [(row) => events.push(row)],
    onTick: (tick) => ticks.push(tick),
  });
});
afterEach(() => {
  recorder.close();
  rmSync(directory, { recursive: true });
});

function step(loss: number, units: number, more: Partial<FinishedStep["figures"]> = {}): void {
  const lossScale = { value: 1, goodSteps: 0 };
  const rowLosses = new Float32Array();
  const figures = { loss, gradNorm: 2, skipped: false, lossScale, rowLosses };
  recorder.step({
    figures: { ...figures, ...more },
    learningRate: 0.1,
    tokens: 10 * units,
    units,
    sequences: 1,
    splitBatches: 0,
    operations: 100,
    started: performance.now() - 1000,
    dataWait: 250,
    rows: [],
  });
}

it("a step event has the mean loss of a labelled token since the last one, and its counts", () => {
  step(4, 1);
  step(1, 3);
  recorder.logSteps();
  step(5, 2);
  recorder.logSteps();
  expect(events).toMatchObject([
    { type: "step", step: 2, epoch: 0.5, loss: 1.75, tokens: 40, labelled_tokens: 4, grad_norm: 2 },
    { type: "step", step: 3, epoch: 0.75, loss: 5, tokens: 20, labelled_tokens: 2 },
  ]);
  expect(events[0]).not.toHaveProperty("skipped_steps");
  expect(Object.keys(events[0]!).slice(0, 2)).toEqual(["type", "step"]);
  expect(readEvents(join(directory, "events.jsonl"))).toEqual(events);
  expect(ticks.map((tick) => [tick.step, tick.loss])).toEqual([
    [1, 4],
    [2, 1],
    [3, 5],
  ]);
});

it("a loss that is no number stays out of every mean", () => {
  step(4, 1);
  step(Number.NaN, 5, { skipped: true });
  step(2, 1);
  recorder.logSteps();
  expect(events[0]).toMatchObject({ loss: 3, labelled_tokens: 7, skipped_steps: 1 });
  expect(recorder.summary()).toMatchObject({
    train_loss: 3,
    steps: 3,
    steps_skipped: 1,
    tokens: 70,
  });
  step(Number.NaN, 5, { skipped: true });
  recorder.logSteps();
  expect(readFileSync(join(directory, "events.jsonl"), "utf8")).toContain('"loss":"NaN"');
  expect(JSON.stringify(recorder.state)).not.toContain("null");
});

it("a step without anything learnt stays out of the mean", () => {
  step(4, 2);
  step(0, 0);
  recorder.logSteps();
  expect(events[0]).toMatchObject({ loss: 4, labelled_tokens: 2 });
  expect(recorder.summary()).toMatchObject({ train_loss: 4, steps: 2 });
});

it("skipped steps in a row are counted until a good one, across a resume too", () => {
  for (let i = 0; i < 3; i++) step(1, 1, { skipped: true });
  expect(recorder.state).toMatchObject({ skippedSteps: 3, skippedInRow: 3 });
  step(1, 1);
  expect(recorder.state).toMatchObject({ skippedSteps: 3, skippedInRow: 0, step: 4 });
});

it("tokens a second are those of the steps, whatever time passes between them", () => {
  step(1, 100);
  recorder.state.sums.seconds = 2;
  recorder.logSteps();
  expect(events).toMatchObject([{ type: "step", tokens_per_second: 500 }]);
});

it("writes no step event where there was no step since the last one", () => {
  recorder.logSteps();
  step(1, 1);
  recorder.logSteps();
  recorder.logSteps();
  expect(events).toHaveLength(1);
});

it("lists each row that was left out once", () => {
  const row = { source: { file: "a.jsonl", line: 3 }, reason: "a.jsonl:3: not JSON" };
  recorder.leaveOut([row]);
  recorder.leaveOut([row]);
  expect(events).toMatchObject([{ type: "warning", message: "Left out: a.jsonl:3: not JSON" }]);
  expect(recorder.skippedRows).toBe(1);
});

it("ends with the summary", () => {
  step(2, 10);
  const summary = recorder.end("done");
  expect(events.at(-1)).toMatchObject({ type: "end", reason: "done", ...summary });
  expect(summary).toMatchObject({ run_dir: directory, steps: 1, total_flos: 6 * 3 * 100 });
  expect(summary.train_runtime).toBeGreaterThan(0.999);
  expect(summary.mfu).toBeCloseTo(100 / summary.train_runtime / 1e9, 12);
});
