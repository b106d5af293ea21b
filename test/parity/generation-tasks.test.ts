/**
 * BBH, GSM8K and HumanEval against lm-evaluation-harness 0.4.13: what is asked, what filters make of
 * answers that are hard to read, scores, and averages of groups. The fixture holds hashes; its script is
 * generation_task_fixtures.py. Programs are not run: a hash says whether they pass.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type EvalModel, evaluate, type Sample } from "../../src/eval/index.js";
import { judgedHumanEval } from "../../src/eval/tasks/humaneval/testHumanEval.js";
import { hasShared, sharedPath } from "../sharedData.js";

interface Fixture {
  limit: number;
  answers: string[];
  /** Numbers of results.json by name of task or group. */
  scores: Record<string, Record<string, number>>;
  tasks: Record<string, { asked: string; settings: string; filtered: Record<string, string> }>;
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL("fixtures/generation-tasks.json", import.meta.url), "utf8"),
);

const sha1 = (text: string) => createHash("sha1").update(text).digest();

/** @param time how often the prompt has come before */
function answer(context: string, time: number): string {
  const found = sha1(`${context}#${time}`).readUInt32LE(0);
  return fixture.answers[found % fixture.answers.length]!.replaceAll("{line}", () =>
    lastLine(context),
  );
}

function lastLine(context: string): string {
  const line = context.slice(0, context.lastIndexOf("\nA")).split("\n").at(-1)!;
  return line.startsWith("(") ? line.slice(4) : line;
}

const model: EvalModel = {
  loglikelihood: async () => [],
  async generateUntil(requests) {
    const seen = new Map<string, number>();
    return requests.map(({ context }) => {
      const time = seen.get(context) ?? 0;
      seen.set(context, time + 1);
      return answer(context, time);
    });
  },
};

const humaneval = judgedHumanEval({
  description: "nothing",
  run: async (program) => ({ passed: sha1(program)[0]! % 3 === 0 }),
});

/** As Python's `json.dumps` writes it, up to `0.0` of settings. */
function shortHash(value: unknown): string {
  const text = JSON.stringify(value).replace('"temperature":0}', '"temperature":0.0}');
  return sha1(text).toString("hex").slice(0, 12);
}

const billionths = (sample: Sample) =>
  sample.metrics.map((metric) => Math.round(Number(sample[metric]) * 1e9));

function digest(samples: readonly Sample[]) {
  const filters = [...new Set(samples.map(({ filter }) => filter))];
  const ofFilter = (name: string) => samples.filter(({ filter }) => filter === name);
  const [first] = filters;
  return {
    asked: shortHash(ofFilter(first!).map((one) => [one.arguments[0]![0], one.target])),
    settings: shortHash(samples[0]!.arguments[0]![1]),
    filtered: Object.fromEntries(
      filters.map((name) => [
        name,
        shortHash(ofFilter(name).map((one) => [one.filtered_resps, billionths(one)])),
      ]),
    ),
  };
}

describe.skipIf(!hasShared("benchmarks"))("as lm-evaluation-harness", () => {
  test.each(Object.keys(fixture.scores))("%s", async (name) => {
    const asked = name.startsWith("humaneval") ? `own_${name}` : name;
    const { results, samples } = await evaluate({
      model,
      tasks: [asked],
      dataDir: sharedPath("benchmarks"),
      limit: fixture.limit,
      benchmarks: [humaneval],
      allowCodeExecution: true,
    });
    const digests = Object.entries(samples).map(
      ([task, ones]) => [task.replace(/^own_/, ""), digest(ones)] as const,
    );
    const expected = digests.map(([task]) => [task, fixture.tasks[task]]);
    expect(Object.fromEntries(digests)).toEqual(Object.fromEntries(expected));
    for (const [key, value] of Object.entries(fixture.scores[name]!)) {
      expect(results[asked]![key], key).toBeCloseTo(value, 12);
    }
  });
});
