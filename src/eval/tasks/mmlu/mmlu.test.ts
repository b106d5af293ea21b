/** MMLU by both protocols, on files made here. */
import { describe, expect, test } from "vitest";
import type { EvaluateOptions } from "../../index.js";
import { askingTask, choosesB, testFolder } from "../testFolder.js";
import { officialCategories } from "./subjects.js";

const files = {
  "data/dev/abstract_algebra_dev.csv": [
    ["Is 0 a unit?", "yes", "no", "never asked", "NA", "B"],
    ['Is "1" a unit?', "yes, it is", "no", "maybe", "None", "A"],
  ],
  "data/test/abstract_algebra_test.csv": [
    [" Is 2 a prime? ", "yes", "no", "None", "it depends", "A"],
    ["Is 4 a prime?", "yes", "no", "none", "it depends", "B"],
  ],
};

const { run } = askingTask(files, "mmlu_abstract_algebra");

async function prompts(options: Partial<EvaluateOptions>): Promise<string[]> {
  const { samples } = await run(options);
  return samples.mmlu_abstract_algebra!.map(({ arguments: asked }) => asked[0]![0]);
}

describe("MMLU", () => {
  test("is asked as lm-evaluation-harness does: no examples, questions stripped, cells as they are", async () => {
    const header =
      "The following are multiple choice questions (with answers) about abstract algebra.\n\n";
    const question = "Is 2 a prime?\nA. yes\nB. no\nC. None\nD. it depends\nAnswer:";
    expect((await prompts({}))[0]).toBe(header + question);
    expect((await prompts({ numFewshot: 1 }))[0]).toBe(
      `${header}Is 0 a unit?\nA. yes\nB. no\nC. never asked\nD. NA\nAnswer: B\n\n${question}`,
    );
    const { results, samples } = await run();
    expect(results.mmlu_abstract_algebra).toMatchObject({ "acc,none": 0.5, protocol: "lm-eval" });
    expect(samples.mmlu_abstract_algebra![0]!.arguments[1]![1]).toBe(" B");
  });

  test("asks for the texts of choices, and for letters in writing", async () => {
    const name = "mmlu_abstract_algebra";
    const tasks = [`${name}_continuation`, `${name}_generative`];
    const model = choosesB({ answer: " a.\x1f\nB" });
    const { samples, results } = await run({ tasks, model, numFewshot: 1 });
    expect(samples[tasks[0]!]![0]!.arguments[1]).toEqual([
      "The following are questions (with answers) about abstract algebra.\n\n" +
        "Question: Is 0 a unit?\nAnswer: no\n\nQuestion: Is 2 a prime?\nAnswer:",
      " no",
    ]);
    expect(samples[tasks[1]!]!.map((one) => one.filtered_resps)).toEqual([["a."], ["a."]]);
    expect(results[tasks[1]!]!["exact_match,get_response"]).toBe(0.5);
  });

  test("is asked as its own code does: two spaces, questions as they are, nan for what pandas drops", async () => {
    const header =
      "The following are multiple choice questions (with answers) about  abstract algebra.\n\n";
    const examples =
      "Is 0 a unit?\nA. yes\nB. no\nC. never asked\nD. nan\nAnswer: B\n\n" +
      'Is "1" a unit?\nA. yes, it is\nB. no\nC. maybe\nD. nan\nAnswer: A\n\n';
    const own = " Is 2 a prime? \nA. yes\nB. no\nC. nan\nD. it depends\nAnswer:";
    const official = { protocol: "official", numFewshot: 2 } as const;
    const [first, second] = await prompts(official);
    expect(first).toBe(header + examples + own);
    expect(second).toContain("C. none\n");
    // Without room for both examples the second goes, then the first.
    const maxLength = first!.length - 1;
    const shortened = { ...official, model: choosesB({ maxLength }) };
    expect((await prompts(shortened))[0]).toBe(`${header}${examples.split("\n\n")[0]}\n\n${own}`);
    const { notes } = await run(shortened);
    expect(notes.mmlu_abstract_algebra).toContainEqual(
      `1 of 2 prompts show fewer examples: not all fit into ${maxLength} tokens`,
    );
    const narrow = { ...official, model: choosesB({ maxLength: 10 }) };
    expect((await prompts(narrow))[0]).toBe(header + own);
  });

  test("has 57 subjects in four categories, one of which is another in its own code", () => {
    expect(Object.values(officialCategories).map(({ length }) => length)).toEqual([18, 14, 12, 13]);
  });

  test("refuses rows of another form", async () => {
    const path = "test/abstract_algebra_test.csv";
    const row = (...cells: string[]) =>
      run({}, testFolder({ ...files, [`data/${path}`]: [cells] }));
    await expect(row("What?", "1", "2", "3", "4", "E")).rejects.toThrow(
      `the answer in row 1 of ${path} is "E"`,
    );
    await expect(row("What?", "1", "2", "3", "A")).rejects.toThrow(`row 1 of ${path} has 5 cells`);
  });
});
