/**
 * Prompts, scores and standard errors against what lm-evaluation-harness 0.4.13 made of the same files
 * with the same stand-in model; skipped where these are absent.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { benchmarks, type EvalModel, evaluate, type Sample } from "../../src/eval/index.js";
import { hasShared, sharedPath } from "../sharedData.js";

const folder = "golden/lm-eval";
const present = hasShared(folder) && hasShared("benchmarks");

type Golden = Pick<
  Sample,
  "doc_id" | "target" | "resps" | "filtered_resps" | "filter" | "metrics" | "arguments"
> &
  Record<string, unknown>;

const results: Record<string, Record<string, unknown>> = present
  ? JSON.parse(readFileSync(sharedPath(`${folder}/results.json`), "utf8")).results
  : {};

const known = benchmarks.flatMap((benchmark) =>
  benchmark.tasks("lm-eval").tasks.map(({ name }) => name),
);

function goldenSamples(task: string): Golden[] {
  return readFileSync(sharedPath(`${folder}/samples_${task}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Answers choices by a hash of what was asked, and questions by what was answered before. */
function standIn(recorded: readonly string[]): EvalModel {
  return {
    loglikelihood: async (requests) =>
      requests.map(({ context, continuation }) => {
        const digest = createHash("sha1").update(`${context}\u0001${continuation}`).digest();
        return { logprob: (-20 * digest.readUInt32LE(0)) / 2 ** 32, greedy: false };
      }),
    generateUntil: async (requests) => requests.map((_, i) => recorded[i]!),
  };
}

const sha1 = (text: string) => `sha1:${createHash("sha1").update(text).digest("hex")}`;

describe.skipIf(!present)("as lm-evaluation-harness", () => {
  test.each(Object.keys(results).filter((task) => known.includes(task)))("%s", async (task) => {
    const golden = goldenSamples(task);
    const [filter] = golden.map((sample) => sample.filter);
    const recorded = golden
      .filter((sample) => sample.filter === filter)
      .map((sample) => (sample.resps as string[][])[0]![0]!);
    const evaluation = await evaluate({
      model: standIn(recorded),
      tasks: [task],
      dataDir: sharedPath("benchmarks"),
      numFewshot: 5,
      limit: recorded.length,
    });
    const expected = results[task]!;
    const { [task]: entry } = evaluation.results;
    for (const [key, value] of Object.entries(expected)) {
      if (typeof value === "number") expect(entry![key], key).toBeCloseTo(value, 13);
      else expect(entry![key], key).toBe(value);
    }
    const samples = evaluation.samples[task]!;
    expect(samples.length).toBe(golden.length);
    for (const one of golden) {
      const ours = samples.find(
        ({ doc_id, filter }) => doc_id === one.doc_id && filter === one.filter,
      )!;
      const { arguments: asked, ...rest } = one;
      expect(ours).toMatchObject(rest);
      expect(ours.arguments.length).toBe(asked.length);
      asked.forEach(([context, detail], i) => {
        const [ourContext, ourDetail] = ours.arguments[i]!;
        expect(context.startsWith("sha1:") ? sha1(ourContext) : ourContext).toBe(context);
        expect(ourDetail).toEqual(detail);
      });
    }
  });
});
