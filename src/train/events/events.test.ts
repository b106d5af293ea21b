import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readEvents } from "./read.js";
import type { StepEvent } from "./types.js";
import { type EventWriter, openEventWriter } from "./writer.js";

let run: string;
const file = () => join(run, "events.jsonl");
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "tunewright-events-"));
});
afterEach(() => rmSync(run, { recursive: true }));

const stepEvent = (step: number, loss = 1): StepEvent => ({
  type: "step",
  step,
  epoch: 0,
  loss,
  learning_rate: 1e-4,
  grad_norm: 1,
  tokens: 100,
  labelled_tokens: 50,
  tokens_per_second: 10,
  rss_bytes: 1,
});

function writeSteps(writer: EventWriter, from: number, to: number): void {
  for (let step = from; step <= to; step++) writer.write(stepEvent(step));
}

const course = () => readEvents(file()).map(({ step, attempt }) => [step, attempt]);

it("each event is on disk when write returns, with time and attempt", () => {
  const seen: number[] = [];
  const writer = openEventWriter(run, {
    now: () => 5.0004,
    readers: [(row) => seen.push(row.step)],
  });
  writer.write(stepEvent(1));
  expect(readEvents(file())).toEqual([{ ...stepEvent(1), time: 5, attempt: 1 }]);
  writer.write({ type: "warning", step: 1, message: "line\nbreak" });
  expect(readEvents(file())[1]).toMatchObject({ message: "line\nbreak" });
  expect(seen).toEqual([1, 1]);
  writer.close();
});

it("resuming cuts back to the checkpoint's step and keeps the cut rows in a side file", () => {
  const first = openEventWriter(run);
  writeSteps(first, 1, 7);
  first.close();
  const second = openEventWriter(run, { resumeStep: 5 });
  expect([second.attempt, second.rowsCut]).toEqual([2, 2]);
  writeSteps(second, 6, 8);
  second.close();
  expect(course()).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [5, 1],
    [6, 2],
    [7, 2],
    [8, 2],
  ]);
  expect(readEvents(join(run, "events.cut-2.jsonl")).map(({ step }) => step)).toEqual([6, 7]);
  const third = openEventWriter(run, { resumeStep: 8 });
  expect([third.attempt, third.rowsCut]).toEqual([3, 0]);
  third.close();
  expect(readdirSync(run).sort()).toEqual(["events.cut-2.jsonl", "events.jsonl"]);
});

it("a torn last line is passed over by readers and moved aside by the next attempt", () => {
  const first = openEventWriter(run);
  writeSteps(first, 1, 2);
  first.close();
  appendFileSync(file(), '{"type":"step","step":3,"lo');
  expect(course()).toEqual([
    [1, 1],
    [2, 1],
  ]);
  const second = openEventWriter(run, { resumeStep: 2 });
  writeSteps(second, 3, 3);
  second.close();
  expect(course()).toEqual([
    [1, 1],
    [2, 1],
    [3, 2],
  ]);
  expect(readFileSync(join(run, "events.cut-2.jsonl"), "utf8")).toContain('"lo');
});

it("lines that are no events are passed over", () => {
  writeFileSync(file(), '\n[]\nnull\n{"type":"step"}\n"x"\n');
  expect(readEvents(file())).toEqual([]);
  expect(readEvents(join(run, "none.jsonl"))).toEqual([]);
});

it("a loss that is not a number stays visible", () => {
  const writer = openEventWriter(run);
  writer.write(stepEvent(1, Number.NaN));
  writer.close();
  expect(readFileSync(file(), "utf8")).toContain('"loss":"NaN"');
});

it("a file that cannot be written is reported once and does not stop training", () => {
  const errors: unknown[] = [];
  const seen: number[] = [];
  const writer = openEventWriter(run, {
    onError: (error) => errors.push(error),
    readers: [(row) => seen.push(row.step)],
  });
  writer.close();
  writeSteps(writer, 1, 3);
  expect(errors).toHaveLength(1);
  expect(seen).toEqual([1, 2, 3]);
});
