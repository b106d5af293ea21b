/** GSM8K on two questions of our own; the parity test asks the real ones. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EvalModel, evaluate, type Protocol } from "../../index.js";

let dataDir: string;
const lines = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const write = (name: string, text: string) => writeFileSync(join(dataDir, "gsm8k", name), text);

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "gsm8k-"));
  mkdirSync(join(dataDir, "gsm8k"));
  write(
    "test.jsonl",
    lines([
      {
        question: "Two carts with 600 bricks each?",
        answer: "2 * 600 = <<2*600=1200>>1200\n#### 1,200",
      },
      { question: "Seven less nine?", answer: "7 - 9 = <<7-9=-2>>-2\n#### -2" },
    ]),
  );
  const train = [1, 2, 3, 4, 5].map((n) => ({
    question: `One more than ${n}?`,
    answer: `${n} + 1 = <<${n}+1=${n + 1}>>${n + 1}\n#### ${n + 1}`,
  }));
  write("train.jsonl", lines(train));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function ask(task: string, answers: readonly string[], protocol: Protocol = "lm-eval") {
  const model: EvalModel = {
    loglikelihood: async () => [],
    generateUntil: async (requests) => requests.map((_, i) => answers[i]!),
  };
  const { results, samples, notes } = await evaluate({ model, tasks: [task], dataDir, protocol });
  return { entry: results[task]!, samples: samples[task]!, notes: notes[task] ?? [] };
}

test("the first number after marks, or the last of all", async () => {
  const { entry, samples } = await ask("gsm8k", ["#### 1200\n#### 7", "it is -$2."]);
  expect(entry["exact_match,strict-match"]).toBe(0.5);
  expect(entry["exact_match,flexible-extract"]).toBe(0.5);
  expect(samples.map((sample) => sample.filtered_resps)).toEqual([
    ["1200"],
    ["[invalid]"],
    ["7"],
    ["-$2."],
  ]);
});

test("gsm8k_cot shows the eight examples of the harness's file, and is refused without it", async () => {
  await expect(ask("gsm8k_cot", ["", ""])).rejects.toThrow("gsm8k_cot needs its eight examples");
  const samples = [0, 1, 2, 3, 4, 5, 6, 7].map(
    (n) => `  - question: q${n}\n    target: The answer is ${n}.`,
  );
  write("gsm8k-cot.yaml", `fewshot_config:\n  samples:\n${samples.join("\n")}\n`);
  const asked = await ask("gsm8k_cot", ["The answer is 1,200.", "The answer is -2"]);
  expect(asked.entry["exact_match,strict-match"]).toBe(0.5);
  const [context] = asked.samples[0]!.arguments[0]!;
  expect(context.startsWith("Q: q0\nA: The answer is 0.\n\nQ: q1\n")).toBe(true);
  expect(context.endsWith("\n\nQ: Two carts with 600 bricks each?\nA:")).toBe(true);
  expect(asked.samples[0]!.target).toBe("1,200");
});

test("official: the last number counts, and four of train are shown in OpenCompass's form", async () => {
  const answers = ["about 1200.0000001\nQuestion: 5", "so －２, i.e. -２"];
  const { entry, samples, notes } = await ask("gsm8k", answers, "official");
  expect(entry["acc,last-number"]).toBe(1);
  const [context] = samples[0]!.arguments[0]!;
  expect(context).toContain(
    "Question: One more than 4?\nLet's think step by step\nAnswer:\n4 + 1 = 5\nThe answer is 5\n\nQuestion: Two",
  );
  expect(context).not.toContain("One more than 5?");
  expect(notes.join()).toContain("the first of train are shown");
});

test("official: OpenCompass's own examples, where its file lies there", async () => {
  const end = "\\nLet's think step by step\\nAnswer:";
  const rounds = [1, 2, 3, 4].map(
    (n) =>
      `dict(role='HUMAN', prompt="Question: it's ${n}${end}"),\n` +
      `dict(role='BOT', prompt='"${n}"\\nThe answer is ${n}\\n'),\n`,
  );
  write(
    "gsm8k_gen_1d7fe4.py",
    `${rounds.join("")}dict(role='HUMAN', prompt="Question: {question}${end}"),`,
  );
  const { samples, notes } = await ask("gsm8k", ["", ""], "official");
  const [context] = samples[0]!.arguments[0]!;
  expect(
    context.startsWith(
      "Question: it's 1\nLet's think step by step\nAnswer:\n\"1\"\nThe answer is 1\n\nQ",
    ),
  ).toBe(true);
  expect(notes.join()).not.toContain("train");
  write("gsm8k_gen_1d7fe4.py", "nothing");
  await expect(ask("gsm8k", ["", ""], "official")).rejects.toThrow(
    "does not hold the four examples",
  );
});

test("a row without an answer is named", async () => {
  write("test.jsonl", lines([{ question: "q", answer: "#### 1" }, { question: "q" }]));
  await expect(ask("gsm8k", [])).rejects.toThrow("row 2 of");
});
