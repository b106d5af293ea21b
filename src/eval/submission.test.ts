/** Submissions to C-Eval's site: all subjects and questions, letters only. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  checkSubmission,
  makeSubmission,
  type SubmissionOptions,
  writeSubmission,
} from "./index.js";
import { cevalSubjects } from "./tasks/index.js";
import { choosesB, testFolder } from "./tasks/testFolder.js";

const columns = ["id", "question", "A", "B", "C", "D"];

function testFiles(): Record<string, string[][]> {
  const splits = cevalSubjects.map((subject, i) => [
    [
      `test/${subject}_test.csv`,
      [
        columns,
        ["0", `题${i}____。`, "一", "二", "三", "四"],
        ["1", `问${i}____。`, "甲", "乙", "丙", "丁"],
      ],
    ],
    [
      `dev/${subject}_dev.csv`,
      [
        [...columns, "answer", "explanation"],
        ["0", `例${i}____。`, "一", "二", "三", "四", "C", "1. 三。"],
      ],
    ],
  ]);
  return Object.fromEntries(splits.flat());
}

async function submission(options: Partial<SubmissionOptions>, files = testFiles()) {
  using folder = testFolder(files);
  return await makeSubmission({
    model: choosesB(),
    dataDir: folder.path,
    protocol: "official",
    numFewshot: 1,
    ...options,
  });
}

describe("submissions", () => {
  test("hold a letter for each question of all 52 subjects, as the site's example", async () => {
    using folder = testFolder({});
    const made = await submission({});
    const path = join(folder.path, "ceval.json");
    writeSubmission(path, made);
    const written = JSON.parse(readFileSync(path, "utf8"));
    expect(Object.keys(written).length).toBe(52);
    expect(written.law).toEqual({ "0": "B", "1": "B" });
    expect(made.notes.at(-1)).toMatch(/hold 104 questions, not the 12342/);
    expect((await submission({ protocol: "lm-eval" })).answers).toEqual(made.answers);
  });

  test("take what a model writes, and draw a letter where it writes none", async () => {
    const answered = await submission({ form: "gen", model: choosesB({ answer: "答案是D" }) });
    expect(answered.answers.law).toEqual({ "0": "D", "1": "D" });
    const reasoned = await submission({
      form: "cot",
      model: choosesB({ answer: "想。\n答案是 丙" }),
    });
    expect(reasoned.answers.law!["1"]).toBe("C");
    const silent = { form: "gen", model: choosesB({ answer: "？" }) } as const;
    const { answers, notes } = await submission(silent);
    expect(notes.at(-1)).toMatch(/^104 of 104 answers name no choice/);
    expect((await submission(silent)).answers).toEqual(answers);
  });

  test("are refused where the protocol lacks the form, or subjects are missing", async () => {
    await expect(submission({ form: "gen", protocol: "lm-eval" })).rejects.toThrow(
      /no submission by gen/,
    );
    const files = testFiles();
    delete files["test/law_test.csv"];
    delete files["test/physician_test.csv"];
    await expect(submission({}, files)).rejects.toMatchObject({
      message: expect.stringContaining("2 of C-Eval's 52 subjects are missing"),
      why: expect.stringContaining("law, physician"),
    });
  });

  test("are checked as the site does", () => {
    const ids = { law: ["0", "1"], logic: ["0"] };
    const check = (answers: Record<string, Record<string, string>>) => () =>
      checkSubmission(answers, ids);
    expect(check({ law: { "0": "A", "1": "B" }, logic: { "0": "D" } })).not.toThrow();
    expect(check({ law: { "0": "A", "1": "B" } })).toThrow(/1 of C-Eval's 52 subjects are missing/);
    const faulty = { law: { "0": "a", "2": "E" }, logic: { "0": "D" }, magic: {} };
    try {
      check(faulty)();
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        why: "1 subjects are unknown, 1 questions have no answer, 1 ids are unknown, 2 answers are not A, B, C or D",
      });
    }
    expect(() => checkSubmission({ law: { "0": "A" } }, { law: ["0", "0"] })).toThrow(
      /would refuse/,
    );
  });
});
