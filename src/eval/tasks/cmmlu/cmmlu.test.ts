/** CMMLU by both protocols, on files made here; rules for answers against what its own code finds. */
import { describe, expect, test } from "vitest";
import { extractChoice, selectTasks } from "../../index.js";
import { askingTask, choosesB } from "../testFolder.js";

const columns = ["", "Question", "A", "B", "C", "D", "Answer"];
const files = {
  "dev/agronomy.csv": [
    columns,
    ["0", "稻子长在哪里", "水田", "海里", "山顶", "屋里", "A"],
    ["1", "麦子什么时候种，什么时候收", "春种秋收", "秋种夏收", "从不", "随时", "B"],
    ["2", "豆子长在哪里", "旱地", "海里", "山顶", "屋里", "A"],
  ],
  "test/agronomy.csv": [
    columns,
    ["0", " 牛吃什么", "草", "石头", "null", "铁", "A"],
    ["1", "鸡吃什么", "石头", "米", "草", "铁", "B"],
  ],
};

const { run, firstPrompt } = askingTask(files, "cmmlu_agronomy");

const official = { protocol: "official" } as const;
const header = "以下是关于农学的单项选择题，请直接给出正确答案的选项。\n\n";
const rice = "题目：稻子长在哪里\nA. 水田\nB. 海里\nC. 山顶\nD. 屋里\n答案是：A\n\n";
const wheat =
  "题目：麦子什么时候种，什么时候收\nA. 春种秋收\nB. 秋种夏收\nC. 从不\nD. 随时\n答案是：B\n\n";
const beans = "题目：豆子长在哪里\nA. 旱地\nB. 海里\nC. 山顶\nD. 屋里\n答案是：A\n\n";
const question = "题目： 牛吃什么\nA. 草\nB. 石头\nC. nan\nD. 铁\n答案是：";

describe("CMMLU", () => {
  test("is asked as lm-evaluation-harness does", async () => {
    expect(await firstPrompt("cmmlu_agronomy", { numFewshot: 1 })).toBe(
      `${header}稻子长在哪里\nA. 水田\nB. 海里\nC. 山顶\nD. 屋里\n答案： A\n\n牛吃什么\nA. 草\nB. 石头\nC. null\nD. 铁\n答案：`,
    );
    const { results } = await run({});
    expect(results.cmmlu_agronomy).toMatchObject({ "acc,none": 0.5, "acc_norm,none": 0.5 });
  });

  test("is asked as its own code does", async () => {
    const { samples } = await run({ ...official, numFewshot: 3 });
    expect(samples.cmmlu_agronomy![0]!.arguments[1]).toEqual([
      header + rice + wheat + beans + question,
      "B",
    ]);
  });

  test("leaves out the longest examples, all of one length, and at last the header", async () => {
    const all = header.length + rice.length + wheat.length + beans.length + question.length;
    const asked = (maxLength: number) =>
      firstPrompt("cmmlu_agronomy", {
        ...official,
        numFewshot: 3,
        model: choosesB({ maxLength }),
      });
    expect(await asked(all + 1)).toBe(header + rice + wheat + beans + question);
    // CMMLU's code wants one token more than there are.
    expect(await asked(all)).toBe(header + rice + beans + question);
    expect(await asked(all - wheat.length)).toBe(header + question);
    expect(await asked(header.length + question.length)).toBe(header + question);
    expect(await asked(header.length + question.length - 1)).toBe(question);
  });

  test("asks a chat model in one turn, directly or with analysis", async () => {
    const chat = { ...official, chat: { shotsAsTurns: false } };
    expect(await firstPrompt("cmmlu-gen_agronomy", chat)).toBe(`<user>${header}${question}`);
    expect(await firstPrompt("cmmlu-gen_agronomy", { ...chat, numFewshot: 1 })).toBe(
      `<user>${header}${rice}${question}`,
    );
    expect(await firstPrompt("cmmlu-cot_agronomy", { ...official, numFewshot: 1 })).toBe(
      `以下是关于农学的单项选择题，请分析并选出正确答案。\n\n${rice}${question.replace("答案是：", "逐步分析并给出答案选项。")}`,
    );
    const model = choosesB({ answer: "石头不对，\n所以答\n案是 B" });
    const tasks = ["cmmlu-gen_agronomy"];
    const { results, samples } = await run({ ...chat, model, tasks });
    expect(results["cmmlu-gen_agronomy"]).toMatchObject({ "acc,extract": 0.5 });
    expect(samples["cmmlu-gen_agronomy"]![0]!.filtered_resps).toEqual(["B"]);
  });

  test("draws a choice where an answer names none, the same one each time", async () => {
    const options = {
      ...official,
      model: choosesB({ answer: "不知道" }),
      tasks: ["cmmlu-gen_agronomy"],
    };
    const { samples, results } = await run(options);
    expect(samples["cmmlu-gen_agronomy"]!.map((one) => one.filtered_resps)).toEqual([
      ["[invalid]"],
      ["[invalid]"],
    ]);
    expect((await run(options)).results).toEqual(results);
    const drawn = Array.from({ length: 400 }, (_, i) => extractChoice("不知道", `question ${i}`));
    for (const letter of "ABCD") {
      expect(drawn.filter((one) => one === letter).length).toBeGreaterThan(70);
    }
  });

  test("averages subjects, in categories and those about China apart", () => {
    const { tasks, groups } = selectTasks(["cmmlu"], "official");
    expect(tasks.length).toBe(67);
    expect(groups.map(({ name, members }) => [name, members.length])).toEqual([
      ["cmmlu", 5],
      ["cmmlu_stem", 17],
      ["cmmlu_humanities", 13],
      ["cmmlu_social_science", 22],
      ["cmmlu_other", 15],
      ["cmmlu_china_specific", 15],
    ]);
  });
});

// The choices that CMMLU's own function finds, run by Python 3.11; it draws one where there is none.
test.each([
  ["C", "C"],
  ["答案是 B", "B"],
  ["答案选项为：D。", "D"],
  ["选：A", "A"],
  ["正确选项是 D", "D"],
  ["答案应该为A", "A"],
  ["选项 C 正确", "C"],
  ["选择答案B", "B"],
  ["A不对，B符合题意", "A"],
  ["答案为甲，即C", "C"],
  ["本题中A错误，B不当选，C当选", "B"],
  ["其中A和B都正确，D正确", "B"],
  ["这是：B", "B"],
  ["只有D。", "D"],
  ["“C”", "C"],
  ["计算得\nD", "D"],
  ["答案为\nA", "A"],
])("the choice in %j", (text, choice) => {
  expect(extractChoice(text)).toBe(choice);
});
