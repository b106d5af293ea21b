/** AGIEval's tasks on questions written here, answered by rule. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  agievalPostProcess,
  type EvalModel,
  type EvaluateOptions,
  evaluate,
  isEquivalent,
} from "../../index.js";
import { mathematicalAnswer } from "./postProcess.js";

let dataDir: string;

const row = (fields: object) =>
  JSON.stringify({ passage: null, options: null, label: null, answer: null, ...fields });

const files: Record<string, string[]> = {
  "aqua-rat": [
    row({ question: "2 + 3?", options: ["(A)4", "(B)5", "(C)6", "(D)7", "(E)8"], label: "B" }),
    row({ question: "2 + 4?", options: ["(A)4", "(B)5", "(C)6", "(D)7", "(E)8"], label: "C" }),
  ],
  "jec-qa-kd": [
    row({
      question: "哪些是数？",
      options: ["(A)一", "(B)红", "(C)二", "(D)绿"],
      label: ["A", "C"],
    }),
    row({ question: "没有答案？", options: ["(A)一", "(B)红", "(C)二", "(D)绿"], label: [] }),
  ],
  math: [row({ question: "Half of $1$?", answer: "\\frac{1}{2}" })],
};

/** Two examples: the first cell of a pair is a dict of Python's, the second its explanation. */
const examples = [
  ",aqua-rat,jec-qa-kd,math",
  `q,"{'passage': None, 'question': '1 + 1?', 'options': ['(A)2', '(B)3'], 'label': 'A'}","{'passage': None, 'question': '颜色？', 'options': ['(A)红', '(B)一'], 'label': ['A', 'B']}","{'passage': None, 'question': '1/3?', 'options': None, 'label': None, 'answer': '\\\\frac{1}{3}'}"`,
  'e,"One and one\n\nare two.",因为。,A third.',
  `q,"{'passage': 'Add.', 'question': '1 + 2?', 'options': ['(A)2', '(B)3'], 'label': 'B'}",,`,
  "e,Three.,,",
];

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "agieval-"));
  mkdirSync(join(dataDir, "data", "v1"), { recursive: true });
  for (const [name, rows] of Object.entries(files)) {
    writeFileSync(join(dataDir, "data", "v1", `${name}.jsonl`), `${rows.join("\n")}\n`);
  }
  writeFileSync(join(dataDir, "data", "few_shot_prompts.csv"), `${examples.join("\n")}\n`);
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

/** Scores a choice by its place in a list of favourites; writes what a table says. */
function model(favourites: readonly string[], written: (context: string) => string = () => "") {
  const asked: { context: string; maxNewTokens?: number }[] = [];
  const standIn: EvalModel = {
    loglikelihood: async (requests) =>
      requests.map(({ continuation }) => ({
        logprob: favourites.includes(continuation.trim()) ? -1 : -2,
        greedy: false,
      })),
    generateUntil: async (requests) => {
      asked.push(...requests);
      return requests.map(({ context }) => written(context));
    },
  };
  return { standIn, asked };
}

const run = (standIn: EvalModel, options: Partial<EvaluateOptions>) =>
  evaluate({ model: standIn, tasks: [], dataDir, ...options });

describe("as lm-evaluation-harness", () => {
  test("the likeliest of the right options counts", async () => {
    const { results, samples } = await run(model(["(B)5", "(C)二"]).standIn, {
      tasks: ["agieval_aqua_rat", "agieval_jec_qa_kd"],
    });
    expect(results.agieval_aqua_rat).toMatchObject({ "acc,none": 0.5, "acc_norm,none": 0.5 });
    expect(results.agieval_jec_qa_kd!["acc,none"]).toBe(0.5);
    const [first, second] = samples.agieval_jec_qa_kd!;
    expect(first!.arguments[0]).toEqual([
      "问题：哪些是数？ 选项：(A)一 (B)红 (C)二 (D)绿\n答案：从A到D, 我们应选择",
      " (A)一",
    ]);
    expect([first!.target, second!.target]).toEqual([[0, 2], []]);
  });

  test("examples leave out the question that is asked", async () => {
    const { samples, notes } = await run(model([]).standIn, {
      tasks: ["agieval_aqua_rat"],
      numFewshot: 1,
    });
    expect(samples.agieval_aqua_rat!.map(({ arguments: [first] }) => first![0])).toEqual([
      expect.stringMatching(/^Q: 2 \+ 4.* is \(C\)6\n\nQ: 2 \+ 3/s),
      expect.stringMatching(/^Q: 2 \+ 3.* is \(B\)5\n\nQ: 2 \+ 4/s),
    ]);
    expect(notes.agieval_aqua_rat!.join()).toContain("without the one that is asked");
  });

  test("results are compared after both are taken apart", async () => {
    const { standIn } = model([], () => " so $x = \\frac12$.");
    const { results } = await run(standIn, { tasks: ["agieval_math"] });
    // Of the right answer the rules take the last number, 2.
    expect(results.agieval_math!["acc,none"]).toBe(0);
    const { results: other } = await run(model([], () => "It is 2").standIn, {
      tasks: ["agieval_math"],
    });
    expect(other.agieval_math!["acc,none"]).toBe(1);
  });
});

describe("as its publishers", () => {
  const official = { protocol: "official" } as const;

  test("numbered examples with explanations", async () => {
    const { standIn, asked } = model([], () => "Explanation: A.\nThe answer is therefore B");
    const { results, notes, ...rest } = await run(standIn, {
      ...official,
      tasks: ["agieval_aqua_rat_cot"],
      numFewshot: 2,
    });
    expect(rest["n-shot"].agieval_aqua_rat_cot).toBe(2);
    expect(asked.map(({ context }) => context)[0]).toBe(
      [
        "Here are the answers for the problems in the exam.",
        "Problem 1.    1 + 1?",
        "Choose from the following options:    (A)2 (B)3",
        "Explanation for Problem 1:   One and one",
        "are two.",
        "The answer is therefore A",
        "",
        "Problem 2.   Add. 1 + 2?",
        "Choose from the following options:    (A)2 (B)3",
        "Explanation for Problem 2:   Three.",
        "The answer is therefore B",
        "",
        "Problem 3.    2 + 3?",
        "Choose from the following options:    (A)4 (B)5 (C)6 (D)7 (E)8",
        "",
      ].join("\n"),
    );
    expect(asked.length).toBe(2);
    expect(results.agieval_aqua_rat_cot!["acc,none"]).toBe(0.5);
    expect(notes.agieval_aqua_rat_cot!.length).toBeGreaterThan(0);
  });

  test("several letters are a set; a question without an answer is never right", async () => {
    const { standIn, asked } = model([], (context) => (context.includes("数") ? "C和A" : "无"));
    const { results } = await run(standIn, {
      ...official,
      tasks: ["agieval_jec_qa_kd"],
      numFewshot: 1,
    });
    expect(asked[0]!.context).toContain("答案是 ['A', 'B']\n\n问题 2.    哪些是数？\n");
    expect(results.agieval_jec_qa_kd!["acc,none"]).toBe(0.5);
  });

  test("after a chain of thought the answer is asked for", async () => {
    const { standIn, asked } = model([], (context) =>
      context.endsWith("Therefore, among A through E, the answer is") ? " B." : "A thought.",
    );
    const { results, samples } = await run(standIn, {
      ...official,
      tasks: ["agieval_aqua_rat_cot"],
    });
    const first = "Q: 2 + 3? Answer Choices: (A)4 (B)5 (C)6 (D)7 (E)8\nLet's think step by step.";
    const second = `${first}\nA thought.\nTherefore, among A through E, the answer is`;
    expect(asked.map(({ context }) => context)).toEqual([
      first,
      expect.anything(),
      second,
      expect.anything(),
    ]);
    expect(asked.map(({ maxNewTokens }) => maxNewTokens)).toEqual([2000, 2000, 64, 64]);
    const [sample] = samples.agieval_aqua_rat_cot!;
    expect(sample!.arguments.map(([context]) => context)).toEqual([first, second]);
    expect(sample!.resps).toEqual([[" B."]]);
    expect(results.agieval_aqua_rat_cot!["acc,none"]).toBe(0.5);
  });

  test("examples that have no room are left out from the end", async () => {
    const { standIn, asked } = model([], () => "B");
    await run(
      { ...standIn, maxLength: 250, countTokens: async (text) => text.length },
      { ...official, tasks: ["agieval_aqua_rat"], numFewshot: 2 },
    );
    expect(asked[0]!.context).toContain("Problem 2.    2 + 3?");
  });
});

test("answers in what models write", () => {
  const cases: [string, Parameters<typeof agievalPostProcess>[1], string, unknown][] = [
    ["lsat-ar", "few-shot", "the answer is surely (G), not A", "G"],
    ["lsat-ar", "zero-shot", "the answer is G", ""],
    ["lsat-ar", "few-shot-CoT", "The answer is A\nNo: B\n \n", "A"],
    ["gaokao-history", "few-shot", "我选C。答案是 D", "D"],
    ["gaokao-history", "few-shot", "答案是\nB", "B"],
    ["gaokao-english", "zero-shot", "none", ""],
    ["gaokao-physics", "zero-shot", "(A)(C) or B", ["A", "C", "B"]],
    ["jec-qa-ca", "few-shot-CoT", "A\nBD\n", ["B", "D"]],
    ["math", "few-shot-CoT", "1 = 1\nThe answer is therefore 5 \n\n", "5"],
    ["math", "zero-shot", "答案是 $a = 3$ and $b$", "3$ and $b"],
    ["math", "zero-shot", "\\boxed{1} and \\fbox{2} \\boxed{x = {3}}", "{3}"],
    ["math", "zero-shot", "\\boxed 4", null],
    ["math", "zero-shot", "It is 12 or 7a", "12"],
    ["math", "zero-shot", "nothing", null],
  ];
  for (const [dataset, setting, text, answer] of cases) {
    expect(agievalPostProcess(dataset, setting, text), text).toEqual(answer);
  }
  expect(() => agievalPostProcess("other", "few-shot", "")).toThrow("no set other");
  expect(mathematicalAnswer("x = 3..")).toBe("3");
});

test("results that are written differently", () => {
  const same: [string | null, string | null][] = [
    ["\\frac12", "\\dfrac{1}{2}"],
    ["\\frac1{72}", "\\frac{1}{72}"],
    ["\\sqrt 2", "\\sqrt{ }2"],
    ["-3/4", "\\frac{-3}{4}"],
    ["5\\text{ cm}", "5"],
    ["90^\\circ", "90"],
    ["\\left( .5 \\right)", "(0.5)"],
    [null, null],
    ["\\frac", "\\frac"],
  ];
  for (const [a, b] of same) expect(isEquivalent(a, b), `${a} and ${b}`).toBe(true);
  const other: [string | null, string | null][] = [
    ["03/4", "\\frac{03}{4}"],
    ["xyz=4", "4"],
    ["\\sqrt", "\\sqrt "],
    [null, "1"],
    ["\\frac1", "\\frac{1}{}"],
    ["1\\text{ m}\\text{ s}", "1"],
  ];
  for (const [a, b] of other) expect(isEquivalent(a, b), `${a} and ${b}`).toBe(false);
});
