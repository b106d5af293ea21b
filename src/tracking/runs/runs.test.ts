import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { tryLock } from "../../util/fileLock.js";
import { curvesOf, panelOf, readRunEvents } from "./curves.js";
import { describeRun, findRuns } from "./runs.js";

const root = mkdtempSync(join(tmpdir(), "tunewright-runs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const rowOf = (row: object, time: number) => ({ time, attempt: 1, ...row });
const start = {
  type: "start",
  step: 0,
  total_steps: 4,
  run_name: null,
  model: "m",
  train_mode: "lora",
};
const step = (number: number, loss: number | string) => ({
  type: "step",
  step: number,
  epoch: number / 4,
  loss,
  learning_rate: 1e-4,
  grad_norm: 1,
  tokens: 10,
  labelled_tokens: 5,
  tokens_per_second: 7,
  rss_bytes: 1,
});

function makeRun(name: string, rows: object[]): string {
  const directory = join(root, name);
  mkdirSync(directory, { recursive: true });
  const lines = rows.map((row, i) => `${JSON.stringify(rowOf(row, 1000 + 3600 * i))}\n`);
  writeFileSync(join(directory, "events.jsonl"), lines.join(""));
  return directory;
}

it("finds runs some levels down, through links, each once, and none among checkpoints or moved ones", () => {
  const one = makeRun("group/deep/one", [start]);
  makeRun("group/deep/one/checkpoint-2", [start]);
  makeRun("group/deep/one/previous-1", [start]);
  symlinkSync(join(root, "group"), join(root, "linked"));
  symlinkSync(root, join(root, "group/round"));
  symlinkSync(join(root, "nothing"), join(root, "broken"));
  expect(findRuns([root, join(root, "group")])).toEqual([one]);
});

const look = (run: string) => describeRun(run).description;

it("tells what is damaged or cannot be read, and shows the rest", () => {
  const torn = makeRun("torn", [start, step(1, 3)]);
  appendFileSync(join(torn, "events.jsonl"), '{"type":"st');
  expect(describeRun(torn)).toEqual({ description: expect.objectContaining({ step: 1 }) });
  appendFileSync(
    join(torn, "events.jsonl"),
    `\nnull\n${JSON.stringify({ type: "step", step: 2 })}\n`,
  );
  expect(describeRun(torn)).toMatchObject({
    description: { step: 1, loss: 3 },
    trouble: expect.stringMatching(/torn\/events\.jsonl is damaged: 3 lines are no events/),
  });
  const garbage = makeRun("garbage", []);
  writeFileSync(join(garbage, "events.jsonl"), Buffer.from([0, 200, 10, 3, 255, 10]));
  expect(describeRun(garbage)).toEqual({ trouble: expect.stringMatching(/2 lines are no events/) });
  expect(() => readRunEvents(garbage)).toThrow(/no events to plot/);
  const folder = join(root, "folder");
  mkdirSync(join(folder, "events.jsonl"), { recursive: true });
  expect(findRuns([folder])).toEqual([]);
  expect(describeRun(folder).trouble).toMatch(/cannot be read/);
  const odd = makeRun("odd", [start, { ...step(1, 3), loss: null }]);
  expect(look(odd)?.loss).toBeNull();
  expect(curvesOf(readRunEvents(odd).rows, "step").has("train/loss")).toBe(false);
});

it("tells a run's state from its last event and its lock", () => {
  const end = { type: "end", step: 2, reason: "stopped" };
  expect(look(makeRun("a", [start, step(1, 3), end]))).toMatchObject({
    name: "a",
    state: "stopped",
    step: 2,
    total_steps: 4,
    loss: 3,
    eval_loss: null,
    tokens_per_second: 7,
    started: 1000,
    updated: 8200,
  });
  const killed = makeRun("b", [start, step(1, "NaN")]);
  expect(look(killed)).toMatchObject({ state: "killed", loss: Number.NaN });
  const lock = tryLock(join(killed, ".train.lock"));
  expect(look(killed)?.state).toBe("running");
  lock?.release();
  expect(look(makeRun("c", []))).toBeUndefined();
});

it("reads curves along each axis, with what is not finite", () => {
  const evaluation = { type: "evaluation", step: 2, eval_loss: 5, samples: 1, seconds: 1 };
  const run = makeRun("d", [start, step(1, 3), step(2, "NaN"), evaluation]);
  const along = (axis: "step" | "epoch" | "hours" | "tokens") => {
    const curves = curvesOf(readRunEvents(run).rows, axis);
    return [curves.get("train/loss"), curves.get("eval/loss")?.x];
  };
  expect(along("step")).toEqual([{ x: [1, 2], y: [3, Number.NaN] }, [2]]);
  expect(along("epoch")).toEqual([{ x: [0.25, 0.5], y: [3, Number.NaN] }, [0.5]]);
  expect(along("hours")).toEqual([{ x: [1, 2], y: [3, Number.NaN] }, [3]]);
  expect(along("tokens")).toEqual([{ x: [10, 20], y: [3, Number.NaN] }, [20]]);
  const named = { name: "run", curves: curvesOf(readRunEvents(run).rows, "step") };
  expect(panelOf("train/other", "step", [named]).curves).toEqual([{ run: "run", x: [], y: [] }]);
  expect(() => readRunEvents(join(root, "none"))).toThrow(/no events to plot/);
});
