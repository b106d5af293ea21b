/** MMLU by both protocols, on files made here and, where they are present, against the publishers' prompts. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasShared, sharedPath } from "../../../../test/sharedData.js";
import { type EvalModel, type EvaluateOptions, evaluate } from "../../index.js";
import { officialCategories } from "./subjects.js";

let dataDir: string;

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "mmlu-"));
  for (const split of ["dev", "test"]) mkdirSync(join(dataDir, "data", split), { recursive: true });
  write("dev/abstract_algebra_dev.csv", [
    ["Is 0 a unit?", "yes", "no", "never asked", "NA", "B"],
    ['Is "1" a unit?', "yes, it is", "no", "maybe", "None", "A"],
  ]);
  write("test/abstract_algebra_test.csv", [
    [" Is 2 a prime? ", "yes", "no", "None", "it depends", "A"],
    ["Is 4 a prime?", "yes", "no", "none", "it depends", "B"],
  ]);
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

function write(path: string, rows: string[][]): void {
  const lines = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","));
  writeFileSync(join(dataDir, "data", path), `${lines.join("\n")}\n`);
}

/** Takes B; a token is a character. */
const choosesB = (maxLength?: number): EvalModel => ({
  loglikelihood: async (requests) =>
    requests.map(({ continuation }) => ({
      logprob: continuation.endsWith("B") ? -1 : -2,
      greedy: false,
    })),
  generateUntil: async () => [],
  ...(maxLength === undefined ? {} : { maxLength }),
  countTokens: async (text) => text.length,
});

const run = (options: Partial<EvaluateOptions> = {}) =>
  evaluate({ model: choosesB(), tasks: ["mmlu_abstract_algebra"], dataDir, ...options });

async function prompts(options: Partial<EvaluateOptions>): Promise<string[]> {
  const { samples } = await run(options);
  return samples.mmlu_abstract_algebra!.map(({ arguments: asked }) => asked[0]![0]);
}

describe("MMLU", () => {
  const question = "Is 2 a prime?\nA. yes\nB. no\nC. None\nD. it depends\nAnswer:";

  test("is asked as lm-evaluation-harness does: no examples, questions stripped, cells as they are", async () => {
    const header =
      "The following are multiple choice questions (with answers) about abstract algebra.\n\n";
    expect((await prompts({}))[0]).toBe(header + question);
    expect((await prompts({ numFewshot: 1 }))[0]).toBe(
      `${header}Is 0 a unit?\nA. yes\nB. no\nC. never asked\nD. NA\nAnswer: B\n\n${question}`,
    );
    const { results, samples } = await run();
    expect(results.mmlu_abstract_algebra).toMatchObject({ "acc,none": 0.5, protocol: "lm-eval" });
    expect(samples.mmlu_abstract_algebra![0]!.arguments[1]![1]).toBe(" B");
  });

  test("is asked as its own code does: two spaces, questions as they are, nan for what pandas drops", async () => {
    const header =
      "The following are multiple choice questions (with answers) about  abstract algebra.\n\n";
    const examples =
      "Is 0 a unit?\nA. yes\nB. no\nC. never asked\nD. nan\nAnswer: B\n\n" +
      'Is "1" a unit?\nA. yes, it is\nB. no\nC. maybe\nD. nan\nAnswer: A\n\n';
    const own = "Is 2 a prime? \nA. yes\nB. no\nC. nan\nD. it depends\nAnswer:";
    const official = { protocol: "official", numFewshot: 2 } as const;
    const [first, second] = await prompts(official);
    expect(first).toBe(`${header}${examples} ${own}`);
    expect(second).toContain("C. none\n");
    // Without room for both examples the second goes, then the first.
    const whole = first!.length;
    const shortened = { ...official, model: choosesB(whole - 1) };
    expect((await prompts(shortened))[0]).toBe(`${header}${examples.split("\n\n")[0]}\n\n ${own}`);
    const { notes } = await run(shortened);
    expect(notes.mmlu_abstract_algebra).toContainEqual(
      `1 of 2 prompts show fewer examples: not all fit into ${whole - 1} tokens`,
    );
    expect((await prompts({ ...official, model: choosesB(10) }))[0]).toBe(`${header} ${own}`);
  });

  test("counts 57 subjects in four categories, one of which differs between the protocols", async () => {
    expect(Object.values(officialCategories).flat().length).toBe(57);
    expect(Object.values(officialCategories).map(({ length }) => length)).toEqual([18, 14, 12, 13]);
  });

  test("refuses rows of another form", async () => {
    write("test/abstract_algebra_test.csv", [["What?", "1", "2", "3", "4", "E"]]);
    await expect(run()).rejects.toThrow(
      /the answer in row 1 of test\/abstract_algebra_test.csv is "E"/,
    );
    write("test/abstract_algebra_test.csv", [["What?", "1", "2", "3", "A"]]);
    await expect(run()).rejects.toThrow(/row 1 of test\/abstract_algebra_test.csv has 5 cells/);
  });
});

interface GoldenPrompt {
  subject: string;
  row: number;
  prompt: string;
  answer: string;
}

const golden = "golden/official_prompts.json";

describe.skipIf(!hasShared(golden) || !hasShared("benchmarks"))(
  "prompts of MMLU's own code",
  () => {
    test("are ours", async () => {
      const cases: GoldenPrompt[] = JSON.parse(
        readFileSync(sharedPath(golden), "utf8"),
      ).mmlu_hendrycks_5shot;
      const { samples } = await evaluate({
        model: choosesB(),
        tasks: [...new Set(cases.map(({ subject }) => `mmlu_${subject}`))],
        dataDir: sharedPath("benchmarks"),
        protocol: "official",
      });
      for (const { subject, row, prompt, answer } of cases) {
        const sample = samples[`mmlu_${subject}`]![row]!;
        expect(sample.arguments.map(([context]) => context)).toEqual(Array(4).fill(prompt));
        expect(sample.arguments.map(([, letter]) => letter)).toEqual([" A", " B", " C", " D"]);
        expect("ABCD"[sample.target as number]).toBe(answer);
      }
    });
  },
);
