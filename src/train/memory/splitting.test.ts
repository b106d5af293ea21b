/** Batches that are taken apart, with memory that is really refused, and the largest batch tried first. */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TrainingData } from "../../data/index.js";
import { attachNewAdapter, newAdapterConfig } from "../../lora/index.js";
import { loadModel, modelTensors, prepareModel } from "../../models/index.js";
import { prepareWeights } from "../../nn/index.js";
import {
  dispose,
  hostMemory,
  limitHostMemory,
  liveTensors,
  resetHostPeak,
  trimMemory,
  zeros,
} from "../../tensor/index.js";
import { OutOfMemoryError } from "../../util/errors.js";
import { createGradients, disposeGradients } from "../gradients.js";
import { trainLoop } from "../loop.js";
import { PassMemoryError, type Sequence, trainingPass } from "../pass.js";
import { type TestRun, testRun } from "../testRun.js";
import { dryRun } from "./dryRun.js";
import { memoryBytes } from "./room.js";
import { type PassPlan, retryTighter, tighten } from "./splitting.js";

const modelPath = fileURLToPath(
  new URL("../../../test/parity/fixtures/model/untied", import.meta.url),
);
let before: number;
beforeEach(() => {
  before = liveTensors();
});
afterEach(() => {
  limitHostMemory(null);
  expect(liveTensors(), "tensors left alive").toBe(before);
});

function sequencesOf(lengths: readonly number[]): Sequence[] {
  return lengths.map((length, which) => {
    const inputIds = Int32Array.from({ length }, (_, i) => (which * 17 + i * i) % 128);
    return { inputIds, labels: inputIds.map((id, i) => (i % 3 === 0 ? -100 : id)) };
  });
}

/** The tiny model with an adapter on its layers and its head, which drops elements of their inputs. */
function openPass() {
  const model = loadModel(modelPath);
  const settings = {
    r: 4,
    lora_alpha: 8,
    lora_dropout: 0.3,
    target_modules: ["q_proj", "v_proj", "down_proj", "lm_head"],
    init_lora_weights: false as const,
  };
  attachNewAdapter(model, newAdapterConfig(settings, "tiny"), 7);
  const prepared = prepareModel(model, { isTraining: true });
  const gradients = createGradients(model);
  return {
    prepared,
    gradients,
    /** Loss and gradients as numbers. */
    pass(sequences: readonly Sequence[], plan: Partial<PassPlan>, key = 5) {
      gradients.flat.zero_();
      const loss = trainingPass(prepared, sequences, gradients, {
        groupTokens: 1 << 20,
        keepBytes: Number.POSITIVE_INFINITY,
        lossFactor: 0.01,
        gradientScale: null,
        dropoutKey: (branch) => key + branch,
        ...plan,
      });
      const { buffer, byteOffset } = gradients.flat.bytes();
      const values = new Float32Array(buffer, byteOffset, gradients.flat.numel).slice();
      const value = loss.item();
      loss.dispose();
      return { value, values };
    },
    close() {
      prepared.dispose();
      disposeGradients(gradients);
      dispose(modelTensors(model));
    },
  };
}

function expectSame(one: { value: number; values: Float32Array }, other: typeof one): void {
  expect(Math.abs(one.value - other.value)).toBeLessThan(1e-5 * Math.abs(one.value));
  const size = Math.hypot(...one.values);
  const difference = Math.hypot(...one.values.map((value, i) => value - other.values[i]!));
  expect(difference).toBeLessThan(1e-5 * size);
}

describe("a micro-batch in parts", () => {
  const sequences = sequencesOf([40, 7, 23, 31, 12, 40]);

  it("has the loss, the gradients and the dropout of the whole", () => {
    const tiny = openPass();
    const whole = tiny.pass(sequences, {});
    for (const atOnceTokens of [100, 50, 1])
      expectSame(tiny.pass(sequences, { atOnceTokens }), whole);
    expectSame(
      tiny.pass(sequences, { atOnceTokens: 1, keepBytes: 0, logitElements: 128 * 5 }),
      whole,
    );
    // Groups with parts of their own, of which some are whole.
    const groups = tiny.pass(sequences, { groupTokens: 60 });
    expectSame(tiny.pass(sequences, { groupTokens: 60, atOnceTokens: 40 }), groups);
    // The masks matter: other keys, or other groups, give something else.
    expect(Math.abs(tiny.pass(sequences, {}, 99).value - whole.value)).toBeGreaterThan(1e-3);
    expect(Math.abs(groups.value - whole.value)).toBeGreaterThan(1e-4);
    tiny.close();
  });

  it("is what a pass becomes that is really refused memory", async () => {
    const tiny = openPass();
    const long = sequencesOf(Array.from({ length: 16 }, () => 512));
    let whole = tiny.pass([], {});
    const peakOf = (plan: Partial<PassPlan>) => {
      trimMemory();
      resetHostPeak();
      const { liveBytes } = hostMemory();
      whole = tiny.pass(long, plan);
      return hostMemory().peakBytes - liveBytes;
    };
    const [least, most] = [peakOf({ atOnceTokens: 1 }), peakOf({})];
    expect(most).toBeGreaterThan(3 * least);
    trimMemory();
    limitHostMemory(hostMemory().residentBytes + (most + least) / 2);
    const plan: PassPlan = { groupTokens: 1 << 20, keepBytes: Number.POSITIVE_INFINITY };
    const said: string[] = [];
    const parts = { pass: plan, prepared: tiny.prepared };
    const split = await retryTighter(
      parts,
      (line) => said.push(line),
      () => tiny.pass(long, plan),
    );
    limitHostMemory(null);
    expectSame(split, whole);
    expect(plan.atOnceTokens).toBeLessThanOrEqual(8 * 512);
    expect(said[0]).toContain("8,192 tokens at once are too many: from now on at most 4,096");
    tiny.close();
  });
});

it("a limit refuses a tensor, names the operator, and nothing once it is lifted", () => {
  const size = [64 * 2 ** 20];
  limitHostMemory(hostMemory().residentBytes + 100e6);
  expect(() => zeros(size, { dtype: "float32" })).toThrow(OutOfMemoryError);
  expect(() => zeros(size, { dtype: "float32" })).toThrow(
    /out of memory in zeros: the memory limit of \d+ bytes would be exceeded/,
  );
  limitHostMemory(null);
  zeros(size, { dtype: "float32" }).dispose();
});

it("a plan is tightened step by step, until nothing is left", () => {
  const plan: PassPlan = { groupTokens: 1024, keepBytes: 4000 };
  const weights = prepareWeights(1e6, true);
  const live = hostMemory().liveBytes;
  weights.make({}, "float32", true, () => zeros([1000]));
  expect(tighten(plan, weights, { sequences: 4, tokens: 1000 })).toContain("prepared anew");
  expect(hostMemory().liveBytes).toBe(live);
  weights.make({}, "float32", true, () => zeros([1000]));
  expect(weights.passingBytes).toBe(4000);
  weights.close();
  expect(tighten(plan, weights, { sequences: 4, tokens: 1000 })).toContain("at most 500");
  expect(plan).toMatchObject({ atOnceTokens: 500, keepBytes: 2000 });
  expect(tighten(plan, weights, { sequences: 1, tokens: 480 })).toContain(
    "no activations are kept",
  );
  expect(tighten(plan, weights, { sequences: 1, tokens: 480 })).toContain("logits");
  expect(tighten(plan, weights, { sequences: 1, tokens: 480 })).toBeNull();
});

it("sizes, shares and bytes are understood, and nothing else", () => {
  const total = () => 1000e9;
  const sizes = ["8GB", "8gb", "8 G", "7.5GiB", "512MiB", "70%", "100 %", 3e9, "3000000000"];
  const bytes = [8e9, 8e9, 8e9, 7.5 * 2 ** 30, 2 ** 29, 700e9, 1000e9, 3e9, 3e9];
  expect(sizes.map((size) => memoryBytes(size, total))).toEqual(bytes);
  for (const wrong of ["much", "0%", "120%", "8", "8XB", "-3GB", "1e9", "1KB", "GB", ""]) {
    expect(() => memoryBytes(wrong, total), wrong).toThrow(/max_memory/);
  }
});

describe("a run", () => {
  const runs: TestRun[] = [];
  const begin = (config: Record<string, unknown> = {}) => {
    const run = testRun({ config: { lora_dropout: 0.1, ...config } });
    runs.push(run);
    return run;
  };
  const endRuns = () => {
    for (const run of runs.splice(0)) {
      run.close();
      rmSync(run.directory, { recursive: true });
    }
  };
  const stepsOf = ({ events }: TestRun) => events.filter((row) => row.type === "step");

  it("goes on where a batch found no memory, records it, and splits the later ones at once", async () => {
    const straight = begin();
    await trainLoop(straight.parts);
    const short = begin();
    const { objective } = short.parts;
    let failed = 0;
    short.parts.objective = {
      ...objective,
      trainingPass(prepared, sequences, gradients, settings) {
        const loss = objective.trainingPass(prepared, sequences, gradients, settings);
        const tokens = sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
        if (short.parts.recorder.state.step < 1 || (settings.atOnceTokens ?? 99) < 99) return loss;
        // Its gradients are added already, and must not count.
        failed++;
        loss.dispose();
        throw new PassMemoryError(new Error("refused"), sequences.length, tokens);
      },
    };
    expect(await trainLoop(short.parts)).toBe("done");
    expect(failed).toBe(1);
    const [whole, split] = [stepsOf(straight), stepsOf(short)];
    for (const [i, { loss, grad_norm }] of split.entries()) {
      expect(Math.abs(loss - whole[i]!.loss)).toBeLessThan(1e-4);
      expect(Math.abs(grad_norm - whole[i]!.grad_norm)).toBeLessThan(1e-3);
    }
    const parts = split.map((row) => row.split_batches);
    expect(parts[0]).toBeUndefined();
    expect(parts.slice(-2)).toEqual([2, 2]);
    const warnings = short.events.filter(({ type }) => type === "warning");
    expect(warnings).toHaveLength(1);
    const { state } = short.parts.recorder;
    expect(state.passLimits?.atOnceTokens).toBe(short.parts.pass.atOnceTokens);
    endRuns();
  });

  it("saves the steps before one that finds no memory however it is tried", async () => {
    const saved: number[] = [];
    const run = testRun({ save: ({ parts }) => void saved.push(parts.recorder.state.step) });
    runs.push(run);
    const { objective, recorder } = run.parts;
    const said: string[] = [];
    run.parts.say = (line) => said.push(line);
    run.parts.objective = {
      ...objective,
      trainingPass(...given) {
        const loss = objective.trainingPass(...given);
        if (recorder.state.step < 2) return loss;
        loss.dispose();
        throw new PassMemoryError(new Error("refused"), 1, 10);
      },
    };
    await expect(trainLoop(run.parts)).rejects.toThrow(OutOfMemoryError);
    expect(saved).toEqual([recorder.state.step]);
    expect(said.at(-1)).toMatch(
      /^Step \d is saved in saved: use --resume where more memory is free\.$/,
    );
    endRuns();
  });

  it("is the same to the bit after a dry run, which tells what the largest batch needs", async () => {
    const losses: unknown[] = [];
    const said: string[] = [];
    for (const dry of [false, true]) {
      const run = begin({ max_steps: 12, max_memory: "20GB" });
      const largest = async () =>
        [sequencesOf([60]), sequencesOf([60])].map((rows) =>
          rows.map((row) => ({ ...row, source: { file: "rows.jsonl", line: 1 } })),
        );
      Object.assign(run.parts.data, { largest });
      const parts = { ...run.parts, remaining: 24, say: (line: string) => void said.push(line) };
      if (dry) await dryRun(parts);
      await trainLoop(run.parts);
      const state = [...run.parts.update.optimizer.state()].map(([name, tensor]) => [
        name,
        [...tensor.bytes()],
      ]);
      const rows = stepsOf(run).map(({ loss, grad_norm }) => [loss, grad_norm]);
      losses.push({ rows, state });
    }
    expect(losses[1]).toEqual(losses[0]);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^Largest batch: 2 x 60 tokens needs [\d.]+ [MG]B of [\d.]+ GB \((max_memory|the machine|.*)\)\.$/,
    );
    endRuns();
  });

  it("needs no more for its tensors than its dry run, however its rows are divided", async () => {
    const source = { file: "rows.jsonl", line: 1 };
    const rows = sequencesOf(Array.from({ length: 32 }, (_, i) => 20 + ((i * 71) % 300)));
    // The longest rows have the least to learn.
    const placed = rows.map(({ inputIds, labels }) => {
      const learnt =
        inputIds.length < 200 ? inputIds : labels.map((id, i) => (i < 190 ? -100 : id));
      return { inputIds, labels: learnt, source };
    });
    const byLength = [...placed].sort((one, other) => other.inputIds.length - one.inputIds.length);
    for (const groupTokens of [64, 400, 4096]) {
      for (const keepBytes of [0, 1e6, Number.POSITIVE_INFINITY]) {
        const run = begin({ max_steps: 4, dry_run: "yes" });
        Object.assign(run.parts.pass, { groupTokens, keepBytes });
        const { data } = run.parts;
        run.parts.data = {
          ...data,
          largest: async (count: number) => byLength.slice(0, count).map((row) => [row]),
          async microBatch(number: number) {
            const batch = await data.microBatch(number);
            const sequences = placed.slice((number % 8) * 4, (number % 8) * 4 + 4);
            const tokens = sequences.reduce((sum, { inputIds }) => sum + inputIds.length, 0);
            return { ...batch, sequences, tokens };
          },
        } as typeof data;
        run.parts.config.per_device_train_batch_size = 4;
        const peakOf = async (job: () => Promise<unknown>) => {
          resetHostPeak();
          await job();
          return hostMemory().peakBytes;
        };
        const tried = await peakOf(() => dryRun({ ...run.parts, remaining: 24, say: () => {} }));
        const needed = await peakOf(() => trainLoop(run.parts));
        expect(needed, `groups of ${groupTokens}, ${keepBytes} kept`).toBeLessThan(1.05 * tried);
        endRuns();
      }
    }
  });

  it("tries the rows of eval_file too, where they are longer", async () => {
    const said: string[] = [];
    const source = { file: "rows.jsonl", line: 1 };
    for (const length of [10, 300]) {
      const run = begin({ max_steps: 12, dry_run: "yes" });
      const of = (size: number) => async () => [
        sequencesOf([size]).map((row) => ({ ...row, source })),
      ];
      Object.assign(run.parts.data, { largest: of(60) });
      const evaluationData = { ...run.parts.data, largest: of(length) } as TrainingData;
      const say = (line: string) => void said.push(line);
      await dryRun({ ...run.parts, evaluationData, remaining: 24, say });
      endRuns();
    }
    expect(said.map((line) => line.replace(/ needs .*/, ""))).toEqual([
      "Largest batch: 1 x 60 tokens",
      "Largest batch: 1 x 60 tokens",
      "Largest batch of eval_file: 1 x 300 tokens",
    ]);
  });

  it("is not begun where not even one sequence fits, and says which length would", async () => {
    const run = begin({ max_steps: 12, dry_run: "yes" });
    const largest = async () => [
      sequencesOf([8192]).map((row) => ({ ...row, source: { file: "rows.jsonl", line: 1 } })),
    ];
    Object.assign(run.parts.data, { largest });
    trimMemory();
    limitHostMemory(hostMemory().residentBytes + 8e6);
    const trying = dryRun({ ...run.parts, remaining: 24, say: () => {} });
    await expect(trying).rejects.toMatchObject({
      exitCode: 3,
      message: "a sequence of 8,192 tokens does not fit into memory",
      todo: expect.stringMatching(/^max_seq_length \d+ fits; or use/),
    });
    endRuns();
  });
});
