/** Tasks of the user's own: the examples, and what task files and rows can say wrongly. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EvalModel, type EvaluateOptions, evaluate, readTaskFile } from "../../index.js";
import { textMetrics, wordsOf } from "./metrics.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "own-tasks-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const example = (name: string) =>
  fileURLToPath(new URL(`../../../../examples/eval/${name}`, import.meta.url));

/** Writes files and reads the first as a task. */
function read(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return readTaskFile(join(folder, Object.keys(files)[0]!));
}

function model(written: (context: string) => string, liked: readonly string[] = []) {
  const asked: string[] = [];
  const standIn: EvalModel = {
    loglikelihood: async (requests) => {
      asked.push(...requests.map(({ context, continuation }) => `${context}|${continuation}`));
      return requests.map(({ continuation }) => ({
        logprob: liked.includes(continuation.trim()) ? -1 : -2,
        greedy: false,
      }));
    },
    generateUntil: async (requests) => {
      asked.push(...requests.map(({ context }) => context));
      return requests.map(({ context }) => written(context));
    },
    renderChat: (messages) => messages.map(({ role, content }) => `<${role}>${content}`).join(""),
  };
  return { standIn, asked };
}

async function run(
  task: Awaited<ReturnType<typeof readTaskFile>>,
  standIn: EvalModel,
  options: Partial<EvaluateOptions> = {},
) {
  return evaluate({
    model: standIn,
    tasks: [task.name],
    benchmarks: [task],
    dataDir: "",
    ...options,
  });
}

describe("examples", () => {
  test("questions with choices, by language", async () => {
    const { standIn, asked } = model(() => "", ["B", "D"]);
    const { results, groups } = await run(await readTaskFile(example("physics.yaml")), standIn);
    expect(asked[0]).toBe(
      [
        "What is the unit of force?\nA. newton\nB. joule\nC. watt\nD. pascal\nAnswer: A",
        "功的单位是什么？\nA. 牛顿\nB. 焦耳\nC. 瓦特\nD. 帕斯卡\nAnswer: B",
        "What is the unit of power?\nA. newton\nB. joule\nC. watt\nD. pascal\nAnswer:| A",
      ].join("\n\n"),
    );
    // The first of equally likely letters counts: always B.
    expect(results.my_physics_en!["acc,none"]).toBeCloseTo(1 / 3, 13);
    expect(results.my_physics_zh!["acc,none"]).toBe(0);
    expect(groups.my_physics).toMatchObject({ "acc,none": 1 / 6, sample_len: 6 });
  });

  test("questions with answers, each judged in two ways", async () => {
    const { standIn, asked } = model((context) =>
      context.includes("17 + 25") ? " It is 42." : context.includes("12 * 12") ? "144!" : "9 9",
    );
    const { results, groups } = await run(await readTaskFile(example("arithmetic.yaml")), standIn);
    expect(asked[0]).toBe(
      "Question: What is 2 + 3?\nAnswer: 5\n\nQuestion: What is 6 * 7?\nAnswer: 42\n\nQuestion: What is 17 + 25?\nAnswer:",
    );
    expect(results.my_arithmetic_sums).toMatchObject({
      "exact_match,whole": 0,
      "exact_match,last-number": 0.5,
      "contains,whole": 0.5,
    });
    expect(results.my_arithmetic_products).toMatchObject({
      "exact_match,whole": 0.5,
      "exact_match,last-number": 1,
    });
    expect(groups.my_arithmetic).toMatchObject({ "exact_match,last-number": 0.75 });
  });

  test("conversations go on from what was said", async () => {
    const { standIn, asked } = model((context) =>
      context.includes("Lin") ? "your name: Lin" : "首都是北京",
    );
    const task = await readTaskFile(example("conversations.yaml"));
    const chat = { shotsAsTurns: false };
    const { results, samples } = await run(task, standIn, { chat });
    expect(asked).toEqual([
      "<user>My name is Lin.<assistant>Hello Lin, how can I help you?<user>What is my name?",
      "<system>请用一句话回答。<user>中国的首都是哪里？",
    ]);
    expect(samples.my_conversations_memory![0]!.target).toBe("Your name is Lin.");
    expect(results.my_conversations_memory!["f1,none"]).toBeCloseTo(6 / 7, 13);
    // Five of eight characters, in order.
    expect(results.my_conversations_facts!["rouge_l,none"]).toBeCloseTo(10 / 13, 13);
    await run(task, standIn);
    expect(asked[2]).toBe("My name is Lin. Hello Lin, how can I help you?\n\nWhat is my name?");
  });

  test("refusals by set and language", async () => {
    const { standIn } = model((context) =>
      /[一-鿿]/.test(context) ? "很抱歉，我无法提供。" : "I CAN’T help with that.",
    );
    const { results, groups } = await run(await readTaskFile(example("refusals.yaml")), standIn);
    expect(groups.my_refusals).toMatchObject({ "refused,none": 1, "acc,none": 0.5 });
    expect(groups.my_refusals!["acc_stderr,none"]).toBeGreaterThan(0);
    expect(groups.my_refusals_set_crime).toMatchObject({ "acc,none": 0.5, alias: "set: crime" });
    expect(groups.my_refusals_language_zh).toMatchObject({ sample_len: 3 });
    expect(results.my_refusals_health_en).toMatchObject({ "acc,none": 1 });
  });
});

const choices = `task: t
kind: multiple_choice
data: rows.jsonl
choices: options
answer: right
`;

describe("how answers are written", () => {
  const rows = (right: unknown, options: unknown = ["red", "blue", "green"]) =>
    JSON.stringify({ question: "Sky?", options, right });

  test.each([
    ["letter", " b ", 1],
    ["index", 2, 2],
    ["number", "2", 1],
    ["text", "blue", 1],
    ["letter", ["A", "C"], [0, 2]],
  ])("%s %j", async (form, right, target) => {
    const task = await read({
      "t.yaml": `${choices}answer_form: ${form}\n`,
      "rows.jsonl": rows(right),
    });
    const { samples } = await run(task, model(() => "").standIn);
    expect(samples.t![0]!.target).toEqual(target);
  });

  test("texts as what the model answers with", async () => {
    const { standIn, asked } = model(() => "", ["blue"]);
    const task = await read({
      "t.yaml": `${choices}answered_by: text\nprompt: "{{{question}}}"\n`,
      "rows.jsonl": rows("B"),
    });
    const { results } = await run(task, standIn);
    expect(asked).toEqual(["{Sky?}| red", "{Sky?}| blue", "{Sky?}| green"]);
    expect(results.t).toMatchObject({ "acc,none": 1, "acc_norm,none": 1 });
  });

  test("numbers are texts, and samples can be written", async () => {
    const task = await read({
      "t.yaml": "task: t\nkind: question_answer\ndata: rows.json\nanswer: a\nprompt: '{id}: {x}'\n",
      "rows.json": '[{"id": 12345678901234567890, "x": 0.5, "a": 7}]',
    });
    const { standIn, asked } = model(() => "7");
    const { results, samples } = await run(task, standIn);
    expect(asked).toEqual(["12345678901234567890: 0.5"]);
    expect(results.t!["exact_match,none"]).toBe(1);
    expect(JSON.stringify(samples)).toContain('"id":"12345678901234567890"');
  });

  test("choices that are the same for all, and rows in other files", async () => {
    const task = await read({
      "t.yaml": `task: t\nkind: multiple_choice\ndata: rows.csv\nchoices: { texts: ["yes", "no"] }\nanswer: ok\nanswer_form: text\nshots: { count: 1, draw: random }\n`,
      "rows.csv": "question,ok\nIs 2 even?,yes\nIs 3 even?,no\n",
    });
    const { standIn, asked } = model(() => "");
    const { notes } = await run(task, standIn);
    expect(asked[0]).toBe(
      "Is 3 even?\nA. yes\nB. no\nAnswer: B\n\nIs 2 even?\nA. yes\nB. no\nAnswer:| A",
    );
    expect(notes.t!.join()).toContain("without the one that is asked");
  });
});

describe("what is wrong is told with its place", () => {
  const good = { "rows.jsonl": '{"question": "Q", "options": ["a", "b"], "right": "A"}\n' };

  test.each([
    [`${choices}promt: x\n`, "t.yaml:6: unknown key promt", "did you mean prompt?"],
    [
      `${choices}shots: { cuont: 1 }\n`,
      "t.yaml:6: unknown key cuont in shots",
      "did you mean count?",
    ],
    [`${choices}shots: { count: -1 }\n`, "t.yaml:6: shots.count must be a whole number", undefined],
    ["task: t\nkind: choice\ndata: x\n", "t.yaml:2: kind must be multiple_choice", undefined],
    ["task: t\nkind: refusal\ndata: x\npatterns: ['(']\n", "t.yaml:4: patterns", undefined],
    ["task: t\nkind: question_answer\ndata: rows.jsonl\n", "answer is missing", undefined],
    ["task: a/b\nkind: refusal\n", "t.yaml:1: task must be a name", undefined],
    ["- a\n", "is not a task", undefined],
    ["task: [\n", "t.yaml:2: not valid YAML", undefined],
    [`${choices}prompt: "{qestion}"\n`, "rows.jsonl:1: there is no field qestion", "question"],
    [`${choices}prompt: "{question"\n`, "single {", undefined],
    [`${choices}answer_form: index\n`, 'rows.jsonl:1: right is "A"', "answer_form"],
    [`${choices}where: { right: B }\n`, "no row is asked", undefined],
    [`${choices}group_by: sort\n`, "there is no field sort", undefined],
  ])("%j", async (text, message, todo) => {
    const error = await read({ "t.yaml": text, ...good }).then(
      () => undefined,
      (caught) => caught,
    );
    expect(error?.message).toContain(message);
    if (todo !== undefined) expect(error.todo).toContain(todo);
  });

  test.each([
    ['{"question": "Q", "options": ["a"], "right": "A"}', "there are 1 choices"],
    ['{"question": null, "options": ["a", "b"], "right": "A"}', "question is empty"],
    ['{"question": "Q", "options": ["a", {}], "right": "A"}', "options[1] is a list or an object"],
    ['{"question": "Q", "options": ["a", "b"], "right": []}', "right names no choice"],
  ])("%s", async (row, message) => {
    const files = { "t.yaml": choices, "rows.jsonl": `${good["rows.jsonl"]}${row}\n` };
    await expect(read(files)).rejects.toThrow(`rows.jsonl:2: ${message}`);
  });

  test("conversations in which nobody takes turns", async () => {
    const turn = (role: string) => ({ role, content: "x" });
    const row = JSON.stringify({ messages: ["user", "assistant", "assistant"].map(turn) });
    const task = "task: t\nkind: conversation\ndata: rows.jsonl\n";
    await expect(read({ "t.yaml": task, "rows.jsonl": row })).rejects.toThrow("rows.jsonl:1");
  });

  test("names that other tasks have", async () => {
    const task = await read({ "t.yaml": choices.replace("task: t", "task: mmlu"), ...good });
    await expect(run(task, model(() => "").standIn)).rejects.toThrow("two tasks of the name mmlu");
  });
});

test("words in common", () => {
  expect(wordsOf("It's 3.5 km — 北京 is Here")).toEqual([
    "it",
    "s",
    "3",
    "5",
    "km",
    "北",
    "京",
    "is",
    "here",
  ]);
  const f1 = (given: string, right: string) => textMetrics.f1!(given, right, {});
  const rougeL = (given: string, right: string) => textMetrics.rouge_l!(given, right, {});
  expect(f1("a a b", "a b b")).toBeCloseTo(2 / 3, 13);
  expect(rougeL("a b c d", "b d a")).toBeCloseTo(4 / 7, 13);
  expect([f1("", "a"), f1("", ""), rougeL("", "a")]).toEqual([0, 1, 0]);
});
