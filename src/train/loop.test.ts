import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { HostCopy, Tensor } from "../tensor/index.js";
import { dispose, liveTensors, noGrad } from "../tensor/index.js";
import type { Tick } from "./events/index.js";
import { trainLoop } from "./loop.js";
import { type TestRun, type TestRunOptions, testRun } from "./testRun.js";
import { readTensors, readTrainerState, writeTensors, writeTrainerState } from "./trainerState.js";

/** Whether copies to the host are slow, as those of a busy device are. */
let slowCopies = false;
vi.mock("../tensor/index.js", async (importOriginal) => {
  const actual = await importOriginal<typeof import("../tensor/index.js")>();
  const copyToHost = (tensor: Tensor): HostCopy => {
    const copy = actual.copyToHost(tensor);
    return { ...copy, ready: () => !slowCopies && copy.ready() };
  };
  return { ...actual, copyToHost };
});

const runs: TestRun[] = [];
let before: number;
beforeEach(() => {
  slowCopies = false;
  before = liveTensors();
});
afterEach(() => {
  for (const run of runs.splice(0)) {
    run.close();
    rmSync(run.directory, { recursive: true });
  }
  expect(liveTensors(), "tensors left alive").toBe(before);
});

function begin(options: TestRunOptions = {}): TestRun {
  const run = testRun(options);
  runs.push(run);
  return run;
}

const weightsOf = ({ parameters }: TestRun) =>
  noGrad(() =>
    [...parameters.values()].map((one) => {
      const plain = one.detach();
      const bytes = [...plain.bytes()];
      plain.dispose();
      return bytes;
    }),
  );
const stepsOf = ({ events }: TestRun) =>
  events.flatMap((row) =>
    row.type === "step" ? [{ step: row.step, loss: row.loss, norm: row.grad_norm }] : [],
  );

describe("skipped steps", () => {
  /** Gradients of some 10 overflow their norm's squares in float32 above a scale of 2^60. */
  const lossScale = { value: 2 ** 64, goodSteps: 0 };
  const config = { max_steps: 10, learning_rate: 0.01, lr_scheduler_type: "constant" };

  it("change nothing, do not enter the mean loss, and are counted", async () => {
    const run = begin({ lossScale, config });
    expect(await trainLoop(run.parts)).toBe("done");
    const { state } = run.parts.recorder;
    expect(state.skippedSteps).toBeGreaterThan(2);
    expect(state.skippedSteps).toBeLessThan(9);
    expect(state.skippedInRow).toBe(0);
    expect(state.lossScale.value).toBe(2 ** (64 - state.skippedSteps));
    expect(state.lossScale.goodSteps).toBe(10 - state.skippedSteps);
    const optimizerSteps = run.parts.update.optimizer.state().get("step")!;
    expect(optimizerSteps.item()).toBe(10 - state.skippedSteps);
    const { train_loss, steps_skipped } = run.parts.recorder.summary();
    expect(train_loss).toBeGreaterThan(1);
    expect(train_loss).toBeLessThan(20);
    expect(steps_skipped).toBe(state.skippedSteps);
    const told = run.events.filter((row) => row.type === "step" && row.skipped_steps === 1);
    expect(told).toHaveLength(state.skippedSteps);
  });

  it("leave a resumed run exact", async () => {
    const straight = begin({ lossScale, config });
    await trainLoop(straight.parts);
    // Stopped in the middle of the skipped steps, and after some good ones.
    for (const at of [2, 8]) {
      const first = begin({
        lossScale,
        config: { ...config, save_strategy: "steps", save_steps: at },
        save({ parts, parameters, directory }) {
          if (parts.recorder.state.step !== at) return;
          writeTrainerState(directory, parts.recorder.state, parts.update.optimizer.state());
          writeTensors(join(directory, "parameters"), parameters);
        },
      });
      await trainLoop(first.parts);
      const restored = {
        ...readTrainerState(first.directory),
        parameters: readTensors(join(first.directory, "parameters")),
      };
      expect(restored.state.step).toBe(at);
      const second = begin({ lossScale, config, restored });
      dispose([restored.optimizer, restored.parameters]);
      await trainLoop(second.parts);
      expect(stepsOf(second)).toEqual(stepsOf(straight).slice(at));
      expect(weightsOf(second)).toEqual(weightsOf(straight));
    }
  });

  it("without an end stop the run, after warnings", async () => {
    const hopeless = { max_steps: 300, learning_rate: 0.01, logging_steps: 100 };
    const run = begin({ lossScale: { value: 65536, goodSteps: 0 }, config: hopeless });
    const weights = weightsOf(run);
    const { objective } = run.parts;
    run.parts.objective = {
      ...objective,
      trainingPass: (...values) => objective.trainingPass(...values).fill_(Number.NaN),
    };
    await expect(trainLoop(run.parts)).rejects.toThrow(/overflow float16 for 30 steps in a row/);
    const warnings = run.events.filter(({ type }) => type === "warning");
    expect(warnings.map(({ step }) => step)).toEqual([5, 10, 15, 20, 25]);
    expect(weightsOf(run)).toEqual(weights);
    expect(run.parts.recorder.summary().train_loss).toBe(0);
  });
});

describe("a device whose figures come late", () => {
  it("gives the same steps, weights and events", async () => {
    const config = { max_steps: 7, logging_steps: 3, save_strategy: "steps", save_steps: 5 };
    const [now, late] = [false, true].map(() => {
      const ticks: Tick[] = [];
      const saved: number[] = [];
      const run = begin({
        config,
        onTick: (tick) => ticks.push(tick),
        save: ({ parts }) => void saved.push(parts.recorder.state.step),
      });
      return { ticks, saved, run };
    }) as [Begun, Begun];
    await trainLoop(now.run.parts);
    slowCopies = true;
    await trainLoop(late.run.parts);
    const losses = ({ ticks }: Begun) => ticks.map(({ step, loss }) => [step, loss]);
    expect(losses(late)).toEqual(losses(now));
    expect(stepsOf(late.run).map(({ step }) => step)).toEqual([3, 6, 7]);
    expect(stepsOf(late.run)).toEqual(stepsOf(now.run));
    expect(late.saved).toEqual([5, 7]);
    expect(weightsOf(late.run)).toEqual(weightsOf(now.run));
  });

  it("shows a step while the next one runs, and all of them before anything is written", async () => {
    slowCopies = true;
    const order: string[] = [];
    const run = begin({
      config: { max_steps: 5, logging_steps: 100, save_strategy: "steps", save_steps: 4 },
      onTick: ({ step }) => order.push(`tick ${step}`),
      save: ({ parts }) => void order.push(`save ${parts.recorder.state.step}`),
    });
    const { microBatch } = run.parts.data;
    run.parts.data.microBatch = (number) => {
      order.push(`read ${number}`);
      return microBatch(number);
    };
    await trainLoop(run.parts);
    expect(order.filter((what) => !/read \d*[13579]$/.test(what))).toEqual([
      ...["read 0", "read 2", "tick 1", "read 4", "tick 2"],
      ...["read 6", "tick 3", "tick 4", "save 4", "read 8", "tick 5", "save 5"],
    ]);
  });

  it("stops at a loss that is no number, a step late, with the weights before it", async () => {
    slowCopies = true;
    const run = begin({ config: { max_steps: 6, logging_steps: 100 } });
    const { objective } = run.parts;
    let passes = 0;
    run.parts.objective = {
      ...objective,
      trainingPass(...values) {
        const loss = objective.trainingPass(...values);
        // The second step's gradients and loss, and those of the third before the host knows.
        return ++passes > 2 ? loss.fill_(Number.NaN) : loss;
      },
    };
    await expect(trainLoop(run.parts)).rejects.toThrow("step 2: the loss is NaN");
    const once = begin({ config: { max_steps: 1 } });
    await trainLoop(once.parts);
    expect(run.parts.recorder.state.step).toBe(1);
    expect(run.parts.update.optimizer.state().get("step")!.item()).toBe(1);
  });
});

interface Begun {
  ticks: Tick[];
  saved: number[];
  run: TestRun;
}

it("an objective's units divide the loss, however a window is divided", async () => {
  const one = begin({ config: { max_steps: 1, gradient_accumulation_steps: 4 } });
  await trainLoop(one.parts);
  const double = begin({ config: { max_steps: 1, gradient_accumulation_steps: 4 } });
  const { objective } = double.parts;
  double.parts.objective = { ...objective, units: (all) => 2 * objective.units(all) };
  await trainLoop(double.parts);
  expect(stepsOf(double)[0]!.loss).toBeCloseTo(stepsOf(one)[0]!.loss / 2, 6);
  expect(stepsOf(double)[0]!.norm).toBeCloseTo(stepsOf(one)[0]!.norm / 2, 5);
});
