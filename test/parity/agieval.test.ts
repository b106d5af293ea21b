/** AGIEval's prompts and rules against what its publishers' code made; skipped where that is absent. */
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
