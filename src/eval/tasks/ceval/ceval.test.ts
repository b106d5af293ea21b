/** C-Eval by both protocols, on files made here; rules for answers against what its own evaluators find. */
import { describe, expect, test } from "vitest";
import {
  exactCevalAnswer,
  extractCevalAnswer,
  reasonedCevalAnswer,
  selectTasks,
  statedCevalAnswer,
} from "../../index.js";
import { askingTask, choosesB, testFolder } from "../testFolder.js";

const columns = ["id", "question", "A", "B", "C", "D"];
const files = {
  "dev/law_dev.csv": [
    [...columns, "answer", "explanation"],
    [
      "0",
      "合同何时成立____。",
      "签字时",
      "付款时",
      "交货时",
      "从不",
      "A",
      "1. 签字即成立。\n2. 选A。",
    ],
  ],
  "val/law_val.csv": [
    [...columns, "answer"],
    ["0", " 谁立法____。 ", "法院", "人大", "None", "公司", "B"],
    ["1", "谁审判____。", "法院", "人大", "学校", "公司", "A"],
  ],
  "test/law_test.csv": [columns, ["0", "谁执法____。", "法院", "人大", "学校", "公司"]],
};

const { run, firstPrompt } = askingTask(files, "ceval-valid_law");

const official = { protocol: "official" } as const;
const header = "以下是中国关于法学考试的单项选择题，请选出其中的正确答案。\n\n";
const example = "合同何时成立____。\nA. 签字时\nB. 付款时\nC. 交货时\nD. 从不\n答案：";
const question = " 谁立法____。 \nA. 法院\nB. 人大\nC. nan\nD. 公司\n答案：";

describe("C-Eval", () => {
  test("is asked as lm-evaluation-harness does", async () => {
    const prompt = await firstPrompt("ceval-valid_law", { numFewshot: 1 });
    expect(prompt).toBe(
      `以下是中国关于法学的单项选择题，请选出其中的正确答案。\n\n${example} A\n\n谁立法____。\nA. 法院\nB. 人大\nC. None\nD. 公司\n答案：`,
    );
    const { results } = await run({});
    expect(results["ceval-valid_law"]).toMatchObject({ "acc,none": 0.5, "acc_norm,none": 0.5 });
  });

  test("is asked as its own code does: no space before letters", async () => {
    const { samples } = await run({ ...official, numFewshot: 1 });
    expect(samples["ceval-valid_law"]![0]!.arguments[1]).toEqual([
      `${header}${example}A\n\n${question}`,
      "B",
    ]);
    expect(await firstPrompt("ceval-valid_law", { ...official, numFewshot: 0 })).toBe(
      header + question,
    );
  });

  test("reasons as the explanations do, and the answer may be the text of the choice", async () => {
    const options = { ...official, numFewshot: 1 };
    expect(await firstPrompt("ceval-valid-cot_law", options)).toBe(
      `${header}${example}让我们一步一步思考，\n1. 签字即成立。\n2. 选A。\n所以答案是A。\n\n${question}让我们一步一步思考，\n1.`,
    );
    const model = choosesB({ answer: " 审判归它。\n所以答案是 法院" });
    const { results } = await run({ ...options, model, tasks: ["ceval-valid-cot_law"] });
    expect(results["ceval-valid-cot_law"]).toMatchObject({ "acc,extract": 0.5, "acc,stated": 0 });
  });

  test("puts a conversation to a chat model, and finds the letter in its answer", async () => {
    const chat = { ...official, chat: { shotsAsTurns: true } };
    const system =
      "<system>你是一个中文人工智能助手，以下是中国关于法学考试的单项选择题，请选出其中的正确答案。";
    expect(await firstPrompt("ceval-valid-gen_law", chat)).toBe(
      `${system}<user>${header}${question}`,
    );
    expect(await firstPrompt("ceval-valid-gen_law", { ...chat, numFewshot: 1 })).toBe(
      `${system}<user>${header}${example}<assistant>A<user>${question}`,
    );
    const model = choosesB({ answer: "答案是：B，因为……" });
    const { results } = await run({ ...chat, model, tasks: ["ceval-valid-gen_law"] });
    expect(results["ceval-valid-gen_law"]).toMatchObject({ "acc,extract": 0.5, "acc,exact": 0 });
  });

  test("averages subjects, in categories and the hard ones apart", () => {
    const { tasks, groups } = selectTasks(["ceval-valid"], "official");
    expect(tasks.length).toBe(52);
    expect(groups.map(({ name, members }) => [name, members.length])).toEqual([
      ["ceval-valid", 5],
      ["ceval-valid_stem", 20],
      ["ceval-valid_social_science", 10],
      ["ceval-valid_humanities", 11],
      ["ceval-valid_other", 11],
      ["ceval-valid_hard", 8],
    ]);
    expect(selectTasks(["ceval-valid_*"], "lm-eval").tasks.length).toBe(52);
  });

  test.each(["lm-eval", "official"] as const)(
    "does not score the test split without answers: %s",
    async (protocol) => {
      const scored = run({ protocol, tasks: ["ceval-test_law"] });
      await expect(scored).rejects.toMatchObject({
        message: "the test split of C-Eval cannot be scored",
        todo: expect.stringContaining("--submission FILE"),
      });
      const answered = { "test/law_test.csv": files["val/law_val.csv"] };
      const { results } = await run(
        { protocol, tasks: ["ceval-test_law"], numFewshot: 1 },
        testFolder({ ...files, ...answered }),
      );
      expect(results["ceval-test_law"]!["acc,none"]).toBe(0.5);
    },
  );

  test("refuses files of another form", async () => {
    const changed = (rows: string[][]) =>
      run({}, testFolder({ ...files, "val/law_val.csv": rows }));
    await expect(changed([columns.slice(1)])).rejects.toThrow("val/law_val.csv has no column id");
    await expect(changed([columns, ["0", "?", "1", "2"]])).rejects.toThrow(
      "row 1 of val/law_val.csv has 4 cells, not 6",
    );
    const { explanation: _, ...dev } = { explanation: 0, ...files };
    const unexplained = dev["dev/law_dev.csv"].map((row) => row.slice(0, 7));
    await expect(
      run(
        { ...official, tasks: ["ceval-valid-cot_law"], numFewshot: 1 },
        testFolder({ ...files, "dev/law_dev.csv": unexplained }),
      ),
    ).rejects.toThrow("dev/law_dev.csv does not explain the answer to question 0");
  });
});

// The answers that the evaluators' own functions find, run by Python 3.11.
test.each([
  ["C", "C", "C", undefined, "C"],
  ["选D，不选C", "D", undefined, undefined, "选D，不选C"],
  ["答案：\u3000B", "B", undefined, undefined, "B"],
  ["  B。", "B", undefined, undefined, "B"],
  ["b", undefined, "B", undefined, "b"],
  ["B.", "B", "B", undefined, "B"],
  ["答案是B。不，答案是C。", "C", undefined, "C", "B"],
  ["答案为 c 。", undefined, undefined, "C", "答案为 c 。"],
  ["选项A是正确的。", "A", undefined, "A", "A"],
  ["因为1+1=2，\n所以答案是C。", "C", undefined, "C", "C"],
  ["一。\n2. 所以选择B\n所以答案是B。\n\n让我们一步一步思考，答案是A。", "A", undefined, "A", "B"],
  ["得到丁\n", undefined, undefined, undefined, "得到丁"],
  ["\x1c答案是\x1cA", "A", undefined, undefined, "A"],
  ["", undefined, undefined, undefined, ""],
])("answers in %j", (text, extracted, exact, stated, reasoned) => {
  expect(extractCevalAnswer(text)).toBe(extracted);
  expect(exactCevalAnswer(text)).toBe(exact);
  expect(statedCevalAnswer(text)).toBe(stated);
  expect(reasonedCevalAnswer(text)).toBe(reasoned);
});
