import { rmSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { numbers } from "../../test/engine/values.js";
import type { MicroBatch, TrainingSequence } from "../data/index.js";
import { tidy, zeros } from "../tensor/index.js";
import { countLabelled, evaluationPass, trainingPass } from "./pass.js";
import { rowsOf, sourceLosses } from "./stepRows.js";
import { type TestRun, testRun } from "./testRun.js";

const runs: TestRun[] = [];
afterEach(() => {
  for (const run of runs.splice(0)) {
    run.close();
    rmSync(run.directory, { recursive: true });
  }
});

/** Rows of a micro-batch, each second one with weights. */
async function weightedRows({ parts }: TestRun) {
  const batches = await Promise.all([0, 1, 2].map((number) => parts.data.microBatch(number)));
  return batches
    .flatMap(({ sequences }) => sequences)
    .map((sequence, i) => {
      const weights = Float32Array.from(sequence.labels, (_, at) => 0.5 + (at % 3));
      return i % 2 === 0 ? sequence : { ...sequence, weights };
    });
}

describe("the loss of each row", () => {
  // One group for each sequence, two or so together, and all at once.
  it.each([1, 24, 1024])(
    "is what the row gives alone, in groups of %i tokens",
    async (groupTokens) => {
      const run = testRun();
      runs.push(run);
      const { prepared, update } = run.parts;
      const sequences = await weightedRows(run);
      const measured = tidy(() => {
        const common = { groupTokens, lossFactor: 1 / 7 };
        const rowLosses = zeros([sequences.length], { dtype: "float32" });
        trainingPass(prepared, sequences, update.gradients, {
          ...common,
          rowLosses,
          keepBytes: Number.POSITIVE_INFINITY,
          gradientScale: null,
          dropoutKey: () => null,
        });
        const evaluated = zeros([sequences.length], { dtype: "float32" });
        evaluationPass(prepared, sequences, { ...common, rowLosses: evaluated });
        expect(numbers(evaluated)).toEqual(numbers(rowLosses));
        return numbers(rowLosses);
      });
      sequences.forEach((sequence, i) => {
        const alone = tidy(() =>
          evaluationPass(prepared, [sequence], { groupTokens, lossFactor: 1 }).item(),
        );
        expect(measured[i]).toBeCloseTo(alone, 4);
        expect(alone / countLabelled([sequence])).toBeGreaterThan(1);
      });
    },
  );
});

const sequence = (file: string, line: number, labelled: number): TrainingSequence => ({
  inputIds: Int32Array.from({ length: labelled + 1 }, (_, i) => i),
  labels: Int32Array.from({ length: labelled + 1 }, (_, i) => i),
  source: { file, line },
});

const batchOf = (...sequences: TrainingSequence[]): MicroBatch => ({
  number: 0,
  epoch: 0,
  sequences,
  tokens: 0,
  labelledTokens: 0,
  truncated: 0,
  skipped: [],
});

it("sequences of one row count together, over all micro-batches of the step", () => {
  const window = [
    batchOf(sequence("a", 1, 2), sequence("a", 2, 3)),
    batchOf(sequence("a", 1, 2), sequence("b", 2, 4)),
  ];
  expect(rowsOf(window, [2, 9, 6, 2])).toEqual([
    { file: "a", line: 1, loss: 2, labelled_tokens: 4 },
    { file: "a", line: 2, loss: 3, labelled_tokens: 3 },
    { file: "b", line: 2, loss: 0.5, labelled_tokens: 4 },
  ]);
});

describe("the loss of each source", () => {
  const row = (file: string, loss: number, labelled_tokens: number) => {
    return { file, line: 1, loss, labelled_tokens };
  };

  it("is a mean over labelled tokens, of the sources that had any", () => {
    const losses = sourceLosses([
      { name: "data/a.jsonl", files: ["data/a.jsonl"] },
      { name: "data/b.jsonl and 1 more", files: ["data/b.jsonl", "data/c.jsonl"] },
    ])!;
    const sums = {};
    losses.add([row("data/a.jsonl", 2, 10), row("data/b.jsonl", 1, 30)], sums);
    losses.add([row("data/c.jsonl", 5, 10), row("data/b.jsonl", Number.NaN, 10)], sums);
    expect(losses.means(sums)).toEqual({ "a.jsonl": 2, "b.jsonl and 1 more": 2 });
    const later = {};
    losses.add([row("data/a.jsonl", 3, 1)], later);
    expect(losses.means(later)).toEqual({ "a.jsonl": 3 });
  });

  it("has the folder in its name where names are the same otherwise", () => {
    const losses = sourceLosses(["x/a", "y/a"].map((name) => ({ name, files: [name] })))!;
    const sums = {};
    losses.add([row("x/a", 1, 1), row("y/a", 2, 1)], sums);
    expect(losses.means(sums)).toEqual({ "x/a": 1, "y/a": 2 });
  });

  it("is not told of a single source", () => {
    expect(sourceLosses([{ name: "a", files: ["a"] }])).toBeUndefined();
  });
});
