/** Runs made by hand: long ones, torn ones, ones that are cut back or go while they are read. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cutEvents, openEventWriter } from "../../train/events/index.js";
import { pathId } from "../pathId.js";
import { createRunTable, curvesOfRun, openLive, type PlacedEvent, readPlace } from "./index.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "tunewright-serve-runs-")));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const start = {
  type: "start",
  step: 0,
  total_steps: 12_000,
  run_name: null,
  model: "m",
  train_mode: "lora",
};
const stepOf = (step: number, loss: number | string = 3 - step / 10_000) => ({
  type: "step",
  step,
  epoch: step / 1000,
  loss,
  learning_rate: 1e-4,
  grad_norm: 1 + (step % 7),
  tokens: 100,
  labelled_tokens: 50,
  tokens_per_second: 1000,
  rss_bytes: 1e9,
});
const line = (row: object, time: number, attempt = 1) =>
  `${JSON.stringify({ time, attempt, ...row })}\n`;

function makeRun(name: string, lines: readonly string[]): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "events.jsonl"), lines.join(""));
  return directory;
}
const table = () => createRunTable({ roots: [root], isOurs: () => false, begun: () => [] });

/** All that a reader has for its client now. */
async function drain(reader: Awaited<ReturnType<typeof openLive>>): Promise<PlacedEvent[]> {
  const events: PlacedEvent[] = [];
  for (let more = true; more; ) {
    const next = await reader.next();
    events.push(...next.events);
    more = next.more;
  }
  return events;
}
const stepsIn = (events: readonly PlacedEvent[]) =>
  events.flatMap(({ event }) => (event.type === "point" ? [event.step] : []));

let long: string;
beforeAll(() => {
  const steps = Array.from({ length: 10_000 }, (_, i) => line(stepOf(i + 1), 1000 + i));
  long = makeRun("long", [line(start, 999), ...steps]);
});

it("draws a run of 10,000 points by the extremes of equal parts, at once", async () => {
  const runs = table();
  const spike = line({ ...stepOf(10_001, 99), grad_norm: "NaN" }, 11_001);
  appendFileSync(join(long, "events.jsonl"), spike);
  const began = performance.now();
  const log = await runs.log(long);
  const read = performance.now();
  const { curves, position } = await curvesOfRun(log, "step", 500);
  const drawn = performance.now();
  console.log(
    `10,001 points: read in ${(read - began).toFixed(0)} ms, thinned in ${(drawn - read).toFixed(0)} ms, ` +
      `again in ${await timeOf(async () => curvesOfRun(await runs.log(long), "hours", 500))} ms`,
  );
  const { x, y, points, unit } = curves["train/loss"]!;
  expect({ points, unit }).toEqual({ points: 10_001, unit: "nats per token" });
  expect(x.length).toBeLessThan(520);
  expect([Math.max(...y.map(Number)), x.at(-1)]).toEqual([99, 10_001]);
  expect(curves["train/grad_norm"]!.y).toContain(null);
  expect(readPlace(position)).toMatchObject({ attempt: 1, time: 11_001 });
  const along = (await curvesOfRun(log, "tokens", 500)).curves["train/loss"]!;
  expect(along.x.at(-1)).toBe(1_000_100);
});

async function timeOf(action: () => Promise<unknown>): Promise<string> {
  const began = performance.now();
  await action();
  return (performance.now() - began).toFixed(0);
}

it("lists runs, passes over a torn last line until it is whole, and over a folder that goes", async () => {
  const torn = makeRun("group/torn", [
    line(start, 1),
    line(stepOf(1, 2.5), 2),
    '{"type":"step","st',
  ]);
  const gone = makeRun("gone", [line(start, 1)]);
  const runs = table();
  const find = async (directory: string) =>
    (await runs.list()).find(({ id }) => id === pathId(directory));
  expect(await find(torn)).toMatchObject({
    step: 1,
    loss: 2.5,
    state: "killed",
    recent_losses: [2.5],
  });
  expect((await runs.log(torn)).damaged).toBe(0);
  writeFileSync(
    join(torn, "events.jsonl"),
    [line(start, 1), line(stepOf(1, 2.5), 2), line(stepOf(2, 2), 3)].join(""),
  );
  expect(await find(torn)).toMatchObject({ step: 2, loss: 2, recent_losses: [2.5, 2] });
  expect(await find(gone)).toBeDefined();
  rmSync(gone, { recursive: true });
  expect(await find(gone)).toBeUndefined();
  await expect(runs.log(gone)).rejects.toThrow(/ENOENT/);
  for (const hostile of ["../long", "..%2Flong", "/etc/passwd", "", "\0"]) {
    expect(await runs.directoryOf(hostile)).toBeUndefined();
  }
});

it("gives a client that connects again what it missed, once, also behind an attempt that cut the run back", async () => {
  const run = makeRun("live", [
    line(start, 1),
    ...[1, 2, 3].map((step) => line(stepOf(step), step + 1)),
  ]);
  const fresh = await openLive(run, undefined);
  expect(await drain(fresh)).toEqual([]);
  appendFileSync(join(run, "events.jsonl"), line(stepOf(4), 5) + line(stepOf(5), 6));
  const first = await drain(fresh);
  expect(stepsIn(first)).toEqual([4, 5]);
  expect(first[0]!.event).toMatchObject({ tokens: 400, epoch: 0.004 });
  // It saw step 4, and then its connection broke.
  const again = await openLive(run, readPlace(first[0]!.id));
  expect(stepsIn(await drain(again))).toEqual([5]);
  // A new attempt goes on from step 3: steps 4 and 5 are void.
  const writer = openEventWriter(run, { resumeStep: 3, now: () => 10 });
  writer.write({ type: "resume", step: 3, checkpoint: "checkpoint-3", rows_cut: writer.rowsCut });
  writer.write(stepOf(4) as never);
  writer.close();
  expect(cutEvents(run, 2)).toMatch(/events\.cut-2/);
  for (const reader of [fresh, again, await openLive(run, readPlace(first[1]!.id))]) {
    const events = await drain(reader);
    expect(stepsIn(events)).toEqual([4]);
    expect(events.map(({ event }) => event.type)).toEqual(["notice", "point"]);
    expect(events[1]!.event).toMatchObject({ tokens: 400 });
  }
  const late = await openLive(run, readPlace("0-0-0-"));
  expect(stepsIn(await drain(late))).toEqual([1, 2, 3, 4]);
  const odd = readPlace("1; DROP-1-1-zz");
  expect(odd).toBeUndefined();
});
