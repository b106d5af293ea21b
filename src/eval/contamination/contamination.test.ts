import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasShared, sharedPath } from "../../../test/sharedData.js";
import type { Sample } from "../samples.js";
import { letterChoice } from "../tasks/choices.js";
import type { Benchmark, ChoiceTask } from "../types.js";
import { findContamination } from "./findContamination.js";
import { eachNgram } from "./ngrams.js";
import { eachToken } from "./tokens.js";

const folder = mkdtempSync(join(tmpdir(), "contamination-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

const questions = [
  "A farmer keeps nineteen brown hens and every hen lays six eggs in a week; how many eggs are gathered in five weeks?",
  "Which of the rivers that cross the old town of Lindenau was moved into a tunnel when the tram depot was built there?",
  "小明家的院子里种了三排苹果树，每排有十二棵，去年秋天每棵树收了四十五公斤苹果，一共收了多少公斤？",
  "Why is it so?",
  "The lighthouse on the northern cape sends two short beams and one long beam, which ships that come from the open sea count.",
];

const quiz: Benchmark = {
  name: "quiz",
  markers: ["quiz.json"],
  source: "nowhere",
  tasks: () => ({ tasks: [quizTask(questions)], groups: [] }),
};
writeFileSync(join(folder, "quiz.json"), "[]");

interface Doc {
  question: string;
  choices: string[];
  answer: string;
}

function quizTask(texts: readonly string[]): ChoiceTask<Doc> {
  return {
    ...letterChoice<Doc>(["acc"]),
    name: "quiz",
    protocol: "lm-eval",
    version: 1,
    benchmark: "quiz",
    docs: async () => texts.map((question) => ({ question, choices: [], answer: "A" })),
    prompt: ({ question }) => ({
      description: "",
      shots: [],
      question,
      delimiters: { answer: " ", shot: "\n\n" },
    }),
  };
}

function trainingFile(name: string, rows: readonly (object | string)[]): string {
  const lines = rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row)));
  writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
  return join(folder, name);
}

const chat = (question: string, answer = "I do not know.") => ({
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ],
});

const find = (
  trainingFiles: string[],
  more: Partial<Parameters<typeof findContamination>[0]> = {},
) =>
  findContamination({
    trainingFiles,
    tasks: ["quiz"],
    dataDir: folder,
    benchmarks: [quiz],
    ...more,
  });

describe("a look for questions in training data", () => {
  it("finds them whatever their case, punctuation and width, and names the rows", async () => {
    const file = trainingFile("dirty.jsonl", [
      chat("How are you today?"),
      chat(`Tell me: ${questions[0]!.toUpperCase().replaceAll(" ", " - ")}`),
      chat("hello", `课本上的题：${questions[2]!.replaceAll("，", ", ")} 答案是……`),
    ]);
    const { tasks, files, notes } = await find([file]);
    const [task] = tasks;
    expect(task).toMatchObject({ questions: 5, dirty: 2, suspicious: 0, clean: 2, untold: 1 });
    expect(task!.found.map(({ docId, share, rowCount }) => [docId, share, rowCount])).toEqual([
      [0, 1, 1],
      [2, 1, 1],
    ]);
    expect(task!.found[0]!.rows[0]).toMatchObject({ file, line: 2, share: 1 });
    expect(task!.found[0]!.rows[0]!.excerpt).toMatch(/^…A - FARMER/);
    expect(task!.found[1]!.rows[0]).toMatchObject({ file, line: 3 });
    expect(files).toMatchObject([{ file, rows: 3, unreadable: 0 }]);
    expect(notes.join(" ")).toContain("1 questions are too short");
  });

  it("calls those suspicious of which a row holds a part, by the share of their words", async () => {
    const words = questions[1]!.split(" ");
    const file = trainingFile("half.jsonl", [
      chat(words.slice(0, 14).join(" ")),
      chat(words.slice(0, 12).join(" ")),
      chat(words.slice(8).join(" ")),
    ]);
    const { tasks } = await find([file]);
    expect(tasks[0]).toMatchObject({ dirty: 0, suspicious: 1 });
    const [found] = tasks[0]!.found;
    expect(found).toMatchObject({ docId: 1, verdict: "suspicious", rowCount: 2 });
    expect(found!.share).toBeCloseTo(15 / words.length);
    expect(found!.rows.map(({ line }) => line)).toEqual([3, 1]);
  });

  it("reads any format, a question that is spread over fields, and says what it cannot read", async () => {
    const words = questions[4]!.split(" ");
    const [first, second] = [words.slice(0, 9).join(" "), words.slice(9).join(" ")];
    const file = trainingFile("alpaca.jsonl", [
      { instruction: "Say hello.", input: "", output: "Hello." },
      { instruction: first, input: second, output: "Two." },
      "{ broken",
    ]);
    const { tasks, files, notes } = await find([file]);
    expect(tasks[0]!.found).toMatchObject([{ docId: 4, share: 1, rows: [{ line: 2 }] }]);
    expect(files[0]!.unreadable).toBe(1);
    expect(notes.at(-1)).toContain("1 rows cannot be read");
  });

  it("ignores what many questions of a task share", async () => {
    const phrase = "in the following story the person who tells it has not understood that";
    const texts = Array.from(
      { length: 12 },
      (_, i) => `${phrase} ${questions[1]!.replaceAll(" ", `${i} `)}`,
    );
    const many: Benchmark = { ...quiz, tasks: () => ({ tasks: [quizTask(texts)], groups: [] }) };
    const file = trainingFile("phrase.jsonl", [chat(phrase), chat(texts[3]!)]);
    const { tasks } = await find([file], { benchmarks: [many] });
    expect(tasks[0]!.found.map(({ docId }) => docId)).toEqual([3]);
    expect(tasks[0]!.found[0]).toMatchObject({ share: 1, rowCount: 1 });
  });

  it("splits scores by what was found", async () => {
    const file = trainingFile("scores.jsonl", [chat(questions[0]!), chat(questions[1]!)]);
    const sample = (doc_id: number, acc: number) =>
      ({ doc_id, acc, filter: "none", metrics: ["acc"] }) as unknown as Sample;
    const samples = {
      quiz: [sample(0, 1), sample(1, 1), sample(2, 0), sample(3, 1), sample(4, 1)],
    };
    const { tasks } = await find([file], { samples });
    expect(tasks[0]!.scores).toEqual([
      {
        metric: "acc,none",
        clean: { value: 0.5, stderr: 0.5, size: 2 },
        suspicious: null,
        dirty: { value: 1, stderr: 0, size: 2 },
      },
    ]);
  });

  it.runIf(hasShared("benchmarks/gsm8k") && hasShared("conversations"))(
    "finds a benchmark in itself, and not in conversations",
    async () => {
      const options = { tasks: ["gsm8k"], dataDir: sharedPath("benchmarks"), benchmarks: [] };
      const clean = await find([sharedPath("conversations/alpaca_en_demo.json")], options);
      expect(clean.tasks[0]).toMatchObject({ questions: 1319, dirty: 0 });
      const test = sharedPath("benchmarks/gsm8k/test.jsonl");
      const own = await find([test], { ...options, source: { format: "prompt_completion" } });
      const { dirty, untold, questions: all } = own.tasks[0]!;
      expect(dirty + untold).toBe(all);
    },
  );
});

describe("tokens", () => {
  it("are words and single characters of Chinese", () => {
    const tokens: unknown[] = [];
    eachToken("Ａb1-é 中x文𠀀！ﬁ́😀z", (...token) => tokens.push(token));
    expect(tokens).toEqual([
      ["ab1", 0, false],
      ["é", 4, false],
      ["中", 6, true],
      ["x", 7, false],
      ["文", 8, true],
      ["𠀀", 9, true],
      ["fí", 12, false],
      ["z", 16, false],
    ]);
  });
});

describe("n-grams", () => {
  it("have one number each, wherever they stand, and do not cross unknown tokens", () => {
    const keys = (tokens: number[], length: number) => {
      const found: [number, number][] = [];
      eachNgram(tokens, length, (key, begin) => found.push([key, begin]));
      return found;
    };
    const [once] = keys([5, 6, 7], 3);
    expect(keys([1, 5, 6, 7, 9], 3).map(([key]) => key)).toContain(once![0]);
    expect(keys([5, 6, -1, 7], 3)).toEqual([]);
    expect(keys([7, 6, 5], 3)[0]![0]).not.toBe(once![0]);
    expect(keys([0, 1, 2, 3], 2).map(([, begin]) => begin)).toEqual([0, 1, 2]);
    expect(once![0]).toBeLessThanOrEqual(2 ** 53);
  });
});
