import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, expect, it } from "vitest";
import { type EventRow, openEventWriter, type TrainingEvent } from "../../train/index.js";
import type { TrackerContext } from "../tracker.js";
import { csv } from "./index.js";

const directory = mkdtempSync(join(tmpdir(), "tunewright-csv-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let clock = 1_800_000_000;
const now = () => ++clock;
const start = (step: number) => ({ type: "start", step }) as TrainingEvent;
const step = (number: number, loss: number, more: object = {}) =>
  ({ type: "step", step: number, epoch: number / 4, loss, ...more }) as TrainingEvent;
const evaluation = (number: number) =>
  ({ type: "evaluation", step: number, eval_loss: 2, samples: 8, seconds: 4 }) as TrainingEvent;

function runAttempt(events: readonly TrainingEvent[], resumeStep?: number): void {
  let tracker: ReturnType<typeof csv.open> | undefined;
  const reader = (row: EventRow) => {
    tracker ??= csv.open({
      runDirectory: directory,
      events: join(directory, "events.jsonl"),
    } as TrackerContext);
    tracker.handle(row);
  };
  const resume = resumeStep === undefined ? {} : { resumeStep };
  const writer = openEventWriter(directory, { readers: [reader], now, ...resume });
  for (const event of events) writer.write(event);
  writer.close();
  // As after a kill: the tracker is never closed.
}
const text = () => readFileSync(join(directory, "metrics.csv"), "utf8");
const table = () => parse(text(), { columns: true }) as Record<string, string>[];

it("has one row a step and a column a value, whatever comes first", () => {
  const source = { source_losses: { 'a "b", c': 0.5 } };
  runAttempt([start(0), step(1, 4), step(2, 3), evaluation(2), step(3, Number.NaN, source)]);
  const rows = table();
  expect(rows.map((row) => row.step)).toEqual(["1", "2", "3"]);
  expect(rows[1]).toMatchObject({ "train/loss": "3", "eval/loss": "2", "train/epoch": "0.5" });
  expect(rows[0]).toMatchObject({ "train/loss": "4", "eval/loss": "" });
  expect(rows[2]).toMatchObject({ "train/loss": "NaN" });
  expect(rows[0]!.time).toBe("2027-01-15 08:00:02.000");
  expect(text().split("\n")[0]).toMatch(/^step,time,train\/loss,/);
});

it("is cut back with the events when a run goes on", () => {
  runAttempt([start(2), step(3, 2.5), evaluation(3), step(4, 2)], 2);
  const rows = table();
  expect(rows.map((row) => [row.step, row["train/loss"]])).toEqual([
    ["1", "4"],
    ["2", "3"],
    ["3", "2.5"],
    ["4", "2"],
  ]);
  expect(rows[2]).toMatchObject({ "eval/loss": "2" });
});
