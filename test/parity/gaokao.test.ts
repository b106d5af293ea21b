/** GAOKAO-Bench's own files against the points that its publishers count; skipped where they are absent. */
import { expect, test } from "vitest";
import { benchmarks, type EvalModel, evaluate } from "../../src/eval/index.js";
import { hasShared, sharedPath } from "../sharedData.js";

/** Knows all answers: it is told them in the order of the questions. */
const knowing: EvalModel = {
  loglikelihood: async (requests) =>
    requests.map(({ continuation }) => ({
      logprob: continuation.endsWith("C") ? -1 : -2,
      greedy: false,
    })),
  generateUntil: async (requests) => requests.map(() => "【解析】…\n【答案】 C <eoa>"),
};

test.skipIf(!hasShared("benchmarks/gaokao-bench"))("points and questions", async () => {
  const options = { model: knowing, dataDir: sharedPath("benchmarks") };
  const { results, samples } = await evaluate({
    ...options,
    tasks: ["gaokao", "gaokao_baichuan", "agieval_baichuan"],
    protocol: "official",
  });
  const points = Object.values(samples)
    .flat()
    .map(({ doc }) => doc as { score?: number; answer: readonly string[] })
    .reduce((sum, { score, answer }) => sum + (score ?? 0) * answer.length, 0);
  expect(points).toBe(9702);
  const weights = benchmarks
    .flatMap((benchmark) => benchmark.tasks("official").groups)
    .find(({ name }) => name === "gaokao")!.average as Record<string, number>;
  for (const [name, weight] of Object.entries(weights)) {
    const docs = samples[name]!.map(({ doc }) => doc as { score: number; answer: string[] });
    expect(
      docs.reduce((sum, doc) => sum + doc.score * doc.answer.length, 0),
      name,
    ).toBe(weight);
  }
  // 34 of 124 chemistry questions have C.
  expect(results.gaokao_chemistry_mcqs!["score,none"]).toBeCloseTo(34 / 124, 13);
  expect(results.gaokao_baichuan!.sample_len).toBe(1458);
  expect(results.agieval_baichuan!.sample_len).toBe(3781);
});
