/** HumanEval on a function of our own; where the benchmark and a sandbox are, its own solutions run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasShared, sharedPath } from "../../../../test/sharedData.js";
import { type EvalModel, type EvaluateOptions, evaluate } from "../../index.js";
import { passAtK } from "../../passAtK.js";
import { openSandbox } from "../../sandbox/index.js";
import { judgedHumanEval } from "./testHumanEval.js";

let dataDir: string;
const assignment = {
  task_id: "own/0",
  prompt: 'def double(n):\n    """Twice n."""\n',
  canonical_solution: "    return 2 * n\n",
  test: "def check(candidate):\n    assert candidate(4) == 8\n",
  entry_point: "double",
};

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "humaneval-"));
  writeFileSync(join(dataDir, "HumanEval.jsonl"), JSON.stringify(assignment));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Passes programs that hold `2 * n`. */
function asking(answers: readonly string[], options: Partial<EvaluateOptions> = {}) {
  const programs: string[] = [];
  const judge = {
    description: "a stand-in",
    async run(program: string) {
      programs.push(program);
      return { passed: program.includes("2 * n") };
    },
  };
  const model: EvalModel = {
    loglikelihood: async () => [],
    generateUntil: async (requests) => requests.map((_, i) => answers[i % answers.length]!),
  };
  const evaluation = evaluate({
    model,
    tasks: ["own_humaneval"],
    dataDir,
    benchmarks: [judgedHumanEval(judge)],
    allowCodeExecution: true,
    ...options,
  });
  return { evaluation, programs };
}

describe("HumanEval", () => {
  test("a program is prompt, answer, tests and their call", async () => {
    const { evaluation, programs } = asking([assignment.canonical_solution]);
    const { results, samples, notes } = await evaluation;
    const { prompt, canonical_solution, test } = assignment;
    expect(programs).toEqual([`${prompt}${canonical_solution}\n${test}\ncheck(double)`]);
    expect(results.own_humaneval!["pass@1,create_test"]).toBe(1);
    const [sample] = samples.own_humaneval!;
    expect(sample!.arguments[0]![0]).toBe(prompt);
    expect(sample!.filtered_resps).toEqual([[prompt + canonical_solution]]);
    expect(notes.own_humaneval).toContain("programs ran in a stand-in");
  });

  test("in words, the answer ends with its block of code", async () => {
    const answers = ["    return 2 * n\n```\nThat is 3 * n."];
    const { evaluation, programs } = asking(answers, { tasks: ["own_humaneval_instruct"] });
    const { samples } = await evaluation;
    expect(programs[0]).not.toContain("That is");
    const [context] = samples.own_humaneval_instruct![0]!.arguments[0]!;
    expect(
      context.endsWith(
        `\`\`\`\nHere is the completed function:\n\`\`\`python\n${assignment.prompt}\n`,
      ),
    ).toBe(true);
  });

  test("of many programs pass@k is told for every k that their number allows", async () => {
    const answers = ["    return 2 * n", "    return n", "    pass", "    return 0"];
    const options = { tasks: ["own_humaneval_20"], protocol: "official" } as const;
    const { results } = await asking(answers, options).evaluation;
    const entry = results.own_humaneval_20!;
    expect(entry["pass@1,create_test"]).toBe(passAtK(20, 5, 1));
    expect(entry["pass@10,create_test"]).toBe(passAtK(20, 5, 10));
    expect(entry).not.toHaveProperty(["pass@100,create_test"]);
  });

  test("without permission nothing is asked", async () => {
    const { evaluation, programs } = asking([""], { allowCodeExecution: false });
    await expect(evaluation).rejects.toThrow("own_humaneval runs programs that the model writes");
    expect(programs).toEqual([]);
  });
});

const sandbox = await openSandbox().catch(() => undefined);

describe.skipIf(!sandbox || !hasShared("benchmarks/humaneval"))("with its own programs", () => {
  const folder = "benchmarks/humaneval";
  const lines = (text: string): Record<string, string>[] =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  test("all published solutions pass", { timeout: 120_000 }, async () => {
    const packed = readFileSync(sharedPath(`${folder}/HumanEval.jsonl.gz`));
    const solutions = new Map(
      lines(gunzipSync(packed).toString()).map((row) => [row.prompt!, row.canonical_solution!]),
    );
    const { results } = await evaluate({
      model: {
        loglikelihood: async () => [],
        generateUntil: async (requests) => requests.map(({ context }) => solutions.get(context)!),
      },
      tasks: ["humaneval"],
      protocol: "official",
      dataDir: sharedPath("benchmarks"),
      allowCodeExecution: true,
    });
    expect(results.humaneval!["pass@1,create_test"]).toBe(1);
    expect(results.humaneval!.sample_len).toBe(164);
  });

  test("the publishers' six examples score as they say", { timeout: 60_000 }, async () => {
    const read = (name: string) => lines(readFileSync(sharedPath(`${folder}/${name}`), "utf8"));
    const [problem] = read("example_problem.jsonl");
    const { prompt, test, entry_point } = problem!;
    const runs = read("example_samples.jsonl").map(({ completion }) =>
      sandbox!.run(`${prompt}${completion}\n${test}\ncheck(${entry_point})`),
    );
    const right = (await Promise.all(runs)).filter(({ passed }) => passed).length;
    expect(passAtK(runs.length, right, 1)).toBe(0.4999999999999999);
  });
});
