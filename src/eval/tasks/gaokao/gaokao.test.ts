/** GAOKAO-Bench's tasks on questions written here, and both Baichuan settings. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type EvalModel,
  type EvaluateOptions,
  evaluate,
  gaokaoAnswers,
  selectTasks,
} from "../../index.js";
import { papers } from "./papers.js";
import { ratioEstimate, shareOfPoints } from "./points.js";
import { officialGroups } from "./tasks.js";

let dataDir: string;

/** Questions by file: text, answers, points of each. */
const files: Record<string, [string, string[], number][]> = {
  "2010-2022_Math_II_MCQs": [
    [" 1 + 1 =\nA. 1\nB. 2\n", ["B"], 5],
    ["1 + 2 =\nA. 3\nB. 2\n", ["A"], 5],
  ],
  "2010-2022_Physics_MCQs": [
    ["光？\n", ["AB"], 6],
    ["力？\n", ["C"], 6],
    ["热？\n", ["AD"], 6],
  ],
  "2010-2022_Geography_MCQs": [
    ["山？水？\n", ["A", "B"], 4],
    ["风？云？雨？\n", ["C", "C", "D"], 4],
  ],
};

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "gaokao-"));
  const folder = join(dataDir, "GAOKAO-Bench-main", "Data", "Objective_Questions");
  mkdirSync(folder, { recursive: true });
  for (const [keyword, rows] of Object.entries(files)) {
    const example = rows.map(([question, answer, score], index) => {
      return { year: "2010", category: "", question, answer, score, index, analysis: "" };
    });
    writeFileSync(join(folder, `${keyword}.json`), JSON.stringify({ keywords: keyword, example }));
  }
  // Seven questions of one letter, so that two are asked after five examples.
  const english = Array.from({ length: 7 }, (_, i) => {
    return { question: `Word ${i}?\nA. a B. b C. c D. d\n`, answer: ["D"], score: 1 };
  });
  writeFileSync(join(folder, "2010-2013_English_MCQs.json"), JSON.stringify({ example: english }));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

function model(written: (context: string) => string) {
  const asked: string[] = [];
  const standIn: EvalModel = {
    loglikelihood: async (requests) => {
      asked.push(...requests.map(({ context, continuation }) => `${context}|${continuation}`));
      return requests.map(({ continuation }) => ({
        logprob: continuation === "D" ? -1 : -2,
        greedy: false,
      }));
    },
    generateUntil: async (requests) => {
      asked.push(...requests.map(({ context }) => context));
      return requests.map(({ context }) => written(context));
    },
    renderChat: (messages) => messages.map(({ role, content }) => `${role}:${content}`).join("|"),
  };
  return { standIn, asked };
}

const run = (standIn: EvalModel, options: Partial<EvaluateOptions>) =>
  evaluate({ model: standIn, tasks: [], dataDir, ...options });

describe("points of the examination", () => {
  test("in its own form", async () => {
    const { standIn, asked } = model((context) => (context.includes("1 + 1") ? "A不对，B" : "B"));
    const { results } = await run(standIn, {
      tasks: ["gaokao_math_ii_mcqs"],
      protocol: "official",
    });
    expect(asked[0]).toBe(`${papers[0]!.instruction}1 + 1 =\nA. 1\nB. 2\n`);
    expect(results.gaokao_math_ii_mcqs).toMatchObject({ "score,none": 0.5, sample_len: 2 });
    expect(results.gaokao_math_ii_mcqs!["score_stderr,none"]).toBeCloseTo(0.5, 13);
  });

  test("the instruction is what a conversation begins with", async () => {
    const { standIn, asked } = model(() => "");
    const chat = { shotsAsTurns: false };
    const tasks = ["gaokao_math_ii_mcqs"];
    await run(standIn, { tasks, protocol: "official", chat });
    expect(asked[0]).toMatch(/^system:请你做一道数学选择题\n.*\|user:1 \+ 1 =/s);
    await run(standIn, { tasks, chat });
    expect(asked[2]).toMatch(/^user:请你做一道数学选择题\n.*题目如下： 1 \+ 1 =/s);
  });

  test("some of the right letters get half", async () => {
    const answers: Record<string, string> = {
      光: "【解析】…【答案】 A",
      力: "【解】【答案】BC",
      热: "DA",
    };
    const { standIn } = model(
      (context) => Object.entries(answers).find(([key]) => context.includes(`${key}？`))![1],
    );
    const { results } = await run(standIn, { tasks: ["gaokao_physics_mcqs"] });
    // DA are the right letters in another order, which the publishers' code takes for a part of them.
    expect(results.gaokao_physics_mcqs!["score,none"]).toBeCloseTo(1 / 3, 13);
  });

  test("questions of several parts count by their points", async () => {
    const { standIn } = model((context) =>
      context.includes("山") ? "（1）【答案】 A <eoa>\n（2）【答案】：C" : "CCD",
    );
    const { results } = await run(standIn, { tasks: ["gaokao_geography_mcqs"] });
    expect(results.gaokao_geography_mcqs!["score,none"]).toBeCloseTo((4 + 12) / 20, 13);
  });

  test("what cannot be scored says why", () => {
    expect(() => selectTasks(["gaokao_subjective"], "official")).toThrow(
      expect.objectContaining({ why: expect.stringContaining("graded by teachers") }),
    );
    expect(selectTasks(["gaokao*"], "lm-eval").tasks.length).toBe(14);
  });
});

test("Baichuan's setting: five examples that are not asked", async () => {
  const { standIn, asked } = model(() => "");
  const tasks = ["gaokao_baichuan_english_mcqs"];
  const { results, notes } = await run(standIn, { tasks, protocol: "official" });
  expect(results.gaokao_baichuan_english_mcqs).toMatchObject({ "acc,none": 1, sample_len: 2 });
  expect(asked[0]).toMatch(
    /^(\nWord \d\?\nA\. a B\. b C\. c D\. d\n答案：D){5}\nWord \d\?\nA\. a B\. b C\. c D\. d\n答案：\|A$/,
  );
  const numbers = asked[0]!.match(/Word \d/g)!;
  expect(new Set(numbers).size).toBe(6);
  expect(notes.gaokao_baichuan_english_mcqs!.join()).toContain("split the questions at random");
});

test("answers in what models write", () => {
  expect(gaokaoAnswers("single_choice", "A or B", 1)).toEqual(["B"]);
  expect(gaokaoAnswers("single_choice", "E", 1)).toEqual([]);
  expect(gaokaoAnswers("multi_question_choice", "【答案】 A 【答案】:\nB", 2)).toEqual(["A", "B"]);
  expect(gaokaoAnswers("multi_question_choice", "【答案】 A, C, D, X", 3)).toEqual(["A", "C", "D"]);
  expect(gaokaoAnswers("five_out_of_seven", "Z G F E D C B", 5)).toEqual(["G", "F", "E", "D", "C"]);
  expect(gaokaoAnswers("multi_choice", "【答案】AB且其余的全都是错误的", 1)).toEqual([]);
  expect(gaokaoAnswers("multi_choice", "选【答案】 A B", 1)).toEqual(["AB"]);
});

test("points by the publishers' rules", () => {
  expect(shareOfPoints("single_choice", [], ["A"])).toBe(0);
  expect(shareOfPoints("multi_question_choice", ["A", "B"], ["A", "C"])).toBe(0.5);
  expect(shareOfPoints("multi_choice", ["ABC"], ["AB"])).toBe(0);
  expect(shareOfPoints("single_choice", ["A"], ["AB"])).toBe(0);
  const equal = ratioEstimate([1, 0, 1, 1], [2, 2, 2, 2]);
  expect(equal.value).toBe(0.75);
  expect(equal.stderr).toBeCloseTo(Math.sqrt(0.1875 / 3), 13);
  expect(ratioEstimate([1], [3])).toEqual({ value: 1, stderr: null });
});

test("weights are the points of the examinations", () => {
  const weights = Object.fromEntries(
    officialGroups().map(({ name, average }) => [
      name,
      Object.values(average).reduce((sum: number, one: number) => sum + one, 0),
    ]),
  );
  expect(weights.gaokao).toBe(9702);
  expect(weights.gaokao_science).toBeCloseTo(331, 10);
  expect(weights.gaokao_humanities).toBeCloseTo(350, 10);
});
