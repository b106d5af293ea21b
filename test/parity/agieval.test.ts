/**
 * AGIEval's prompts and rules against what its publishers' code and lm-evaluation-harness 0.4.13 made of the
 * same files; skipped where these are absent.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type AgievalSetting,
  agievalPostProcess,
  type EvalModel,
  evaluate,
  isEquivalent,
} from "../../src/eval/index.js";
import { hasShared, sharedPath } from "../sharedData.js";
import digests from "./fixtures/agieval.json" with { type: "json" };

const path = "golden/official_prompts.json";
const present = hasShared(path) && hasShared("benchmarks/agieval");

interface Golden {
  agieval_official: { dataset: string; setting: AgievalSetting; row: number; prompt: string }[];
  agieval_post_process: {
    dataset: string;
    setting: AgievalSetting;
    prediction: string;
    parsed: unknown;
  }[];
  agieval_is_equiv: { a: string; b: string; equal: boolean }[];
}

const golden: Golden = present
  ? JSON.parse(readFileSync(sharedPath(path), "utf8"))
  : { agieval_official: [], agieval_post_process: [], agieval_is_equiv: [] };

/** Answers nothing, and keeps what it was asked. */
function recorder(asked: string[]): EvalModel {
  return {
    loglikelihood: async (requests) => requests.map(() => ({ logprob: 0, greedy: false })),
    generateUntil: async (requests) => {
      asked.push(...requests.map(({ context }) => context));
      return requests.map(() => "");
    },
  };
}

describe.skipIf(!present)("as AGIEval's own code", () => {
  test.each(golden.agieval_official)(
    "$dataset $setting $row",
    async ({ dataset, setting, row, prompt }) => {
      const asked: string[] = [];
      await evaluate({
        model: recorder(asked),
        tasks: [`agieval_${dataset.replaceAll("-", "_")}${setting.endsWith("CoT") ? "_cot" : ""}`],
        dataDir: sharedPath("benchmarks"),
        protocol: "official",
        numFewshot: setting.startsWith("few") ? 5 : 0,
        limit: row + 1,
      });
      expect(asked[row]).toBe(prompt);
    },
  );

  test("answers in predictions", () => {
    for (const { dataset, setting, prediction, parsed } of golden.agieval_post_process) {
      expect(agievalPostProcess(dataset, setting, prediction), prediction).toEqual(parsed);
    }
  });

  test("results that are the same", () => {
    for (const { a, b, equal } of golden.agieval_is_equiv) expect(isEquivalent(a, b)).toBe(equal);
  });
});

const sha1 = (text: string) => createHash("sha1").update(text).digest();

/** Scores and answers as agieval_fixtures.py has the harness's model give them. */
const hashModel: EvalModel = {
  loglikelihood: async (requests) =>
    requests.map(({ context, continuation }) => ({
      logprob: (-20 * sha1(`${context}\u0001${continuation}`).readUInt32LE(0)) / 2 ** 32,
      greedy: false,
    })),
  generateUntil: async (requests) =>
    requests.map(({ context }) => {
      const byte = sha1(context)[0]!;
      const answers = [` ${byte % 7}.`, ` $x=${byte % 5}$`, ` \\boxed{${byte % 6}}`, " nothing"];
      return answers[byte % 4]!;
    }),
};

type Digest = Record<string, number | string | object>;

describe.skipIf(!present)("as lm-evaluation-harness", () => {
  test.each([
    { name: "all groups", expected: digests.zero_shot, tasks: ["agieval", "agieval_*"] },
    {
      name: "results with five examples",
      expected: digests.five_shot,
      tasks: ["agieval_math", "agieval_gaokao_mathcloze"],
      numFewshot: 5,
    },
  ])("$name", { timeout: 60_000 }, async ({ expected, tasks, numFewshot }) => {
    const { results, samples } = await evaluate({
      model: hashModel,
      tasks,
      dataDir: sharedPath("benchmarks"),
      parity: true,
      ...(numFewshot === undefined ? {} : { numFewshot }),
    });
    for (const [name, digest] of Object.entries(expected as Record<string, Digest>)) {
      const { asked, generation, ...numbers } = digest;
      for (const [key, value] of Object.entries(numbers)) {
        if (typeof value === "number")
          expect(results[name]![key], `${name} ${key}`).toBeCloseTo(value, 12);
        else expect(results[name]![key], `${name} ${key}`).toBe(value);
      }
      if (asked === undefined) continue;
      const texts = samples[name]!.flatMap((sample) =>
        sample.arguments.map(
          ([context, detail]) =>
            `${context}\u0001${typeof detail === "string" ? detail : ""}\u0002`,
        ),
      );
      expect(sha1(texts.join("")).toString("hex"), name).toBe(asked);
      if (generation) expect(samples[name]![0]!.arguments[0]![1]).toEqual(generation);
    }
  });
});
