/**
 * All subjects of MMLU, C-Eval and CMMLU against lm-evaluation-harness 0.4.13: every prompt and
 * continuation (by a hash over all of a task), scores, standard errors, groups. Skipped where the
 * benchmarks are absent.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type EvalModel, evaluate, type Sample } from "../../src/eval/index.js";
import { hasShared, sharedPath } from "../sharedData.js";

/** By number of examples and name: hash of what was asked (of tasks), acc, its standard error. */
const fixture: Record<
  string,
  Record<string, [string, number, number] | [number, number]>
> = JSON.parse(
  readFileSync(new URL("fixtures/eval/lm-eval-choices.json", import.meta.url), "utf8"),
);

/** The stand-in of harness_local.py. */
const model: EvalModel = {
  loglikelihood: async (requests) =>
    requests.map(({ context, continuation }) => {
      const digest = createHash("sha1").update(`${context}\u0001${continuation}`).digest();
      return { logprob: (-20 * digest.readUInt32LE(0)) / 2 ** 32, greedy: false };
    }),
  generateUntil: async () => [],
};

function askedHash(samples: readonly Sample[], digits: number): string {
  const hash = createHash("sha1");
  for (const [context, continuation] of samples.flatMap((sample) => sample.arguments)) {
    hash.update(`${context}\u0001${continuation}\u0002`);
  }
  return hash.digest("hex").slice(0, digits);
}

test
  .skipIf(!hasShared("benchmarks"))
  .each(
    Object.keys(fixture).flatMap((shots) =>
      ["mmlu", "ceval-valid", "cmmlu"].map((group) => [group, shots] as const),
    ),
  )("%s with %s examples", { timeout: 120_000 }, async (group, shots) => {
  const { results, samples, groups } = await evaluate({
    model,
    tasks: [group],
    dataDir: sharedPath("benchmarks"),
    numFewshot: Number(shots),
  });
  const ours = (name: string) => name === group || name.startsWith(`${group}_`);
  const expected = Object.entries(fixture[shots]!).filter(([name]) => ours(name));
  expect(Object.keys(results).sort()).toEqual(expected.map(([name]) => name).sort());
  for (const [name, entry] of expected) {
    const [accuracy, error] = entry.slice(-2) as [number, number];
    const found = results[name]!;
    expect(found["acc,none"], name).toBeCloseTo(accuracy, 13);
    expect(found["acc_stderr,none"], name).toBeCloseTo(error, 13);
    if (group !== "mmlu") expect(found["acc_norm,none"]).toBe(found["acc,none"]);
    const [hash] = entry;
    if (typeof hash === "string") expect(askedHash(samples[name]!, hash.length), name).toBe(hash);
    else expect(groups[name]).toBe(found);
  }
});
