/**
 * Prompts and answers against what the benchmarks' own code made of the same files; skipped where these
 * are absent.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type EvalModel, evaluate, extractChoice } from "../../src/eval/index.js";
import { hasShared, sharedPath } from "../sharedData.js";

const golden = "golden/official_prompts.json";
const present = hasShared(golden) && hasShared("benchmarks");

interface Case {
  subject: string;
  row: number;
  prompt: string;
  answer: string;
}

const read = (): Record<string, Case[]> & {
  cmmlu_extract_choice: { response: string; choice: string }[];
} => JSON.parse(readFileSync(sharedPath(golden), "utf8"));

const model: EvalModel = {
  loglikelihood: async (requests) => requests.map(() => ({ logprob: 0, greedy: false })),
  generateUntil: async (requests) => requests.map(() => ""),
};

describe.skipIf(!present)("as the benchmarks' own code", () => {
  test.each([
    ["mmlu_hendrycks_5shot", "mmlu", " "],
    ["ceval_official_5shot", "ceval-valid", ""],
    ["cmmlu_official_5shot", "cmmlu", ""],
  ])("%s", async (key, prefix, delimiter) => {
    const cases = read()[key]!;
    const { samples } = await evaluate({
      model,
      tasks: [...new Set(cases.map(({ subject }) => `${prefix}_${subject}`))],
      dataDir: sharedPath("benchmarks"),
      protocol: "official",
    });
    for (const { subject, row, prompt, answer } of cases) {
      const sample = samples[`${prefix}_${subject}`]![row]!;
      const letters = ["A", "B", "C", "D"];
      expect(sample.arguments).toEqual(letters.map((letter) => [prompt, delimiter + letter]));
      expect(letters[sample.target as number]).toBe(answer);
    }
  });

  test("choices in answers", () => {
    for (const { response, choice } of read().cmmlu_extract_choice) {
      expect(extractChoice(response), response).toBe(choice);
    }
  });
});
