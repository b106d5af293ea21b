/** The loop from files to scores, on a benchmark of six questions and a model that answers by rule. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataError } from "../util/errors.js";
import type { AnswerStore } from "./ask.js";
import {
  type EvalModel,
  type EvaluateOptions,
  type EvaluationProgress,
  evaluate,
} from "./index.js";
import { type LetteredQuestion, letterChoice, letteredLines } from "./tasks/choices.js";
import type { Benchmark, ChoiceTask, GenerationTask, LoglikelihoodRequest } from "./types.js";
import { addWork } from "./work.js";

let dataDir: string;

/** Rows of question, two choices and the right letter. */
const rows: Record<string, [string, string, string, string][]> = {
  colours: [
    [" What colour is snow? ", "white", "black", "A"],
    ["What colour is coal?", "white", "black", "B"],
    ["What colour is milk?", "white", "black", "A"],
    ["What colour is tar?", "white", "black", "B"],
  ],
  sums: [
    ["1 + 1 = ?", "2", "3", "A"],
    ["2 + 1 = ?", "2", "3", "B"],
  ],
};

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "eval-"));
  mkdirSync(join(dataDir, "quiz"));
  for (const [name, table] of Object.entries(rows)) {
    const lines = table.map((row) => row.map((cell) => `"${cell}"`).join(","));
    writeFileSync(join(dataDir, "quiz", `${name}.csv`), `${lines.join("\n")}\n`);
  }
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

type Doc = LetteredQuestion;

const questionOf = ({ question, choices }: Doc) =>
  `${question.trim()}\n${letteredLines(choices)}\nAnswer:`;

function common(name: string) {
  const docs: ChoiceTask<Doc>["docs"] = async (files) =>
    (await files.csv(`${name}.csv`)).map(
      ([question = "", first = "", second = "", answer = ""]) => ({
        question,
        choices: [first, second],
        answer,
      }),
    );
  return {
    protocol: "lm-eval" as const,
    version: 1,
    benchmark: "quiz",
    docs,
    prompt: (doc: Doc, shots: readonly Doc[]) => ({
      description: `A quiz about ${name}.\n\n`,
      shots: shots.map((shot) => ({ question: questionOf(shot), answer: shot.answer })),
      question: questionOf(doc),
      delimiters: { answer: " ", shot: "\n\n" },
    }),
  };
}

const choiceTask = (name: string): ChoiceTask<Doc> => ({
  name: `quiz_${name}`,
  ...common(name),
  shots: { count: 0, draw: "random" },
  ...letterChoice<Doc>(["acc"]),
});

const textTask: GenerationTask<Doc> = {
  name: "quiz_text",
  kind: "generation",
  ...common("sums"),
  until: ["\n"],
  maxNewTokens: 4,
  generationArguments: { until: ["\n"] },
  metrics: ["exact_match"],
  filters: [
    { name: "strict", apply: (answers) => [...answers] },
    { name: "loose", apply: (answers) => answers.map((answer) => answer.trim()) },
  ],
  target: ({ answer }) => answer,
  score: ({ answer }, [given]) => ({ exact_match: given === answer ? 1 : 0 }),
};

const quiz: Benchmark = {
  name: "quiz",
  markers: ["colours.csv"],
  source: "this test",
  tasks: () => ({
    tasks: [choiceTask("colours"), choiceTask("sums"), textTask],
    groups: [
      { name: "quiz", members: ["quiz_all"], version: 1, average: "macro" },
      { name: "quiz_all", members: ["quiz_colours", "quiz_sums"], version: 1, average: "micro" },
    ],
  }),
};

/** Always takes the first choice, and writes a letter after a space. */
function firstChoice(asked: LoglikelihoodRequest[] = []): EvalModel {
  return {
    async loglikelihood(requests) {
      asked.push(...requests);
      return requests.map(({ continuation }) => ({
        logprob: continuation.endsWith("A") ? -1 : -2,
        greedy: continuation.endsWith("A"),
      }));
    },
    generateUntil: async (requests) => requests.map(() => " A"),
    renderChat: (messages) => messages.map(({ role, content }) => `<${role}>${content}`).join(""),
  };
}

const run = (options: Partial<EvaluateOptions>) =>
  evaluate({ model: firstChoice(), tasks: ["quiz"], dataDir, benchmarks: [quiz], ...options });

describe("evaluate", () => {
  test("scores tasks, and groups by both averages", async () => {
    const { results, samples, ...facts } = await run({ limit: 3 });
    // 2 of 3 and 1 of 2 questions.
    expect(results.quiz_colours).toMatchObject({ "acc,none": 2 / 3, sample_len: 3 });
    expect(results.quiz_colours!["acc_stderr,none"]).toBeCloseTo(1 / 3, 14);
    expect(results.quiz_all!["acc,none"]).toBeCloseTo(3 / 5, 14);
    expect(results.quiz!["acc,none"]).toBeCloseTo((2 / 3 + 1 / 2) / 2, 14);
    expect(results.quiz!["acc_micro,none"]).toBeCloseTo(3 / 5, 14);
    expect(results.quiz!["acc_macro,none"]).toBe(results.quiz!["acc,none"]);
    expect(facts["n-samples"].quiz_colours).toEqual({ original: 4, effective: 3 });
    expect(Object.keys(facts.groups)).toEqual(["quiz", "quiz_all"]);
    expect(samples.quiz_colours!.map(({ acc }) => acc)).toEqual([1, 0, 1]);
  });

  test("asks for the context once a choice, with the delimiter in the continuation", async () => {
    const asked: LoglikelihoodRequest[] = [];
    await run({ model: firstChoice(asked), tasks: ["quiz_sums"], limit: 1 });
    const context = "A quiz about sums.\n\n1 + 1 = ?\nA. 2\nB. 3\nAnswer:";
    expect(asked).toEqual([
      { context, continuation: " A" },
      { context, continuation: " B" },
    ]);
  });

  test("never shows the question that is asked among the examples, unless parity is asked for", async () => {
    const shown = async (parity: boolean) => {
      const asked: LoglikelihoodRequest[] = [];
      const { notes } = await run({
        model: firstChoice(asked),
        tasks: ["quiz_colours"],
        numFewshot: 3,
        parity,
      });
      const leaks = asked.filter(({ context }) => {
        const [, ...parts] = context.split("\n\n");
        return parts.slice(0, -1).some((part) => part.startsWith(parts.at(-1)!));
      });
      return { leaks: leaks.length, notes: notes.quiz_colours! };
    };
    const ours = await shown(false);
    expect(ours.leaks).toBe(0);
    expect(ours.notes[0]).toMatch(/without the one that is asked/);
    const reference = await shown(true);
    expect(reference.leaks).toBeGreaterThan(0);
    expect(reference.notes[0]).toMatch(/may hold the question/);
  });

  test("draws other examples with another seed, and the same ones with the same", async () => {
    const contexts = async (seed: number) => {
      const { samples } = await run({ tasks: ["quiz_colours"], numFewshot: 2, seed });
      return samples.quiz_colours!.map(({ arguments: asked }) => asked[0]![0]);
    };
    expect(await contexts(7)).toEqual(await contexts(7));
    expect(await contexts(7)).not.toEqual(await contexts(8));
  });

  test("scores generated answers once a filter", async () => {
    const { results, samples } = await run({ tasks: ["quiz_text"] });
    expect(results.quiz_text).toMatchObject({
      "exact_match,strict": 0,
      "exact_match,loose": 0.5,
    });
    expect(
      samples.quiz_text!.map(({ filter, filtered_resps }) => [filter, filtered_resps]),
    ).toEqual([
      ["strict", [" A"]],
      ["strict", [" A"]],
      ["loose", ["A"]],
      ["loose", ["A"]],
    ]);
  });

  test("renders a conversation by the model's template, with examples as turns", async () => {
    const asked: LoglikelihoodRequest[] = [];
    const options = { tasks: ["quiz_sums"], numFewshot: 1, limit: 1, system: "Be brief." };
    await run({ model: firstChoice(asked), ...options, chat: { shotsAsTurns: true } });
    await run({ model: firstChoice(asked), ...options, chat: { shotsAsTurns: false } });
    expect(
      asked.filter(({ continuation }) => continuation === "A").map((one) => one.context),
    ).toEqual([
      "<system>Be brief.\n\nA quiz about sums.\n\n" +
        "<user>2 + 1 = ?\nA. 2\nB. 3\nAnswer:<assistant>B<user>1 + 1 = ?\nA. 2\nB. 3\nAnswer:",
      "<system>Be brief.\n\nA quiz about sums.\n\n" +
        "<user>2 + 1 = ?\nA. 2\nB. 3\nAnswer: B\n\n1 + 1 = ?\nA. 2\nB. 3\nAnswer:",
    ]);
    expect(asked.every(({ rendered }) => rendered)).toBe(true);
  });

  test("leaves out a description that the chat template refuses, and says so", async () => {
    const asked: LoglikelihoodRequest[] = [];
    const model = firstChoice(asked);
    const renderChat: EvalModel["renderChat"] = (messages) => {
      if (messages[0]?.role === "system") throw new DataError("no system message");
      return model.renderChat!(messages);
    };
    const options = { tasks: ["quiz_sums"], limit: 1, chat: { shotsAsTurns: false } };
    const { notes } = await run({ ...options, model: { ...model, renderChat } });
    expect(notes.quiz_sums).toContain(
      "the task's description is not shown: the chat template takes no system message",
    );
    expect(asked[0]!.context).toBe("<user>1 + 1 = ?\nA. 2\nB. 3\nAnswer:");
    await expect(
      run({ ...options, model: { ...model, renderChat }, system: "Be brief." }),
    ).rejects.toThrow("no system message");
  });

  test("says how many prompts the model saw without their beginning", async () => {
    const model: EvalModel = {
      ...firstChoice(),
      loglikelihood: async (requests) =>
        requests.map(({ context }, i) => ({
          logprob: -i,
          greedy: false,
          ...(context.includes("coal") ? { cutTokens: 7 + i } : {}),
        })),
    };
    const { notes } = await run({ model, tasks: ["quiz_colours"] });
    expect(notes.quiz_colours?.at(-1)).toBe(
      "the model saw 1 of 4 prompts without their beginning: they are longer than its context, by up to 10 tokens",
    );
  });

  test("says so too where an answer needs the room", async () => {
    const lengths: number[] = [];
    const countTokens = async (text: string) => {
      lengths.push(text.length);
      return text.length;
    };
    const model: EvalModel = { ...firstChoice(), maxLength: 40, countTokens };
    const { notes } = await run({ model, tasks: ["quiz_text"] });
    const most = Math.max(...lengths) - (40 - textTask.maxNewTokens);
    expect(most).toBeGreaterThan(0);
    expect(notes.quiz_text?.at(-1)).toBe(
      `the model saw 2 of 2 prompts without their beginning: with their answers they are longer than its context, by up to ${most} tokens`,
    );
  });

  test("asks only what the store lacks, and tells progress by questions", async () => {
    const kept = new Map<string, unknown>();
    const store: AnswerStore = {
      get: (request) => kept.get(JSON.stringify(request)),
      put: (request, answer) => void kept.set(JSON.stringify(request), answer),
    };
    const progress: EvaluationProgress[] = [];
    const first: LoglikelihoodRequest[] = [];
    const tasks = ["quiz_colours"];
    await run({ model: firstChoice(first), tasks, limit: 2, store });
    const second: LoglikelihoodRequest[] = [];
    const { results } = await run({
      model: firstChoice(second),
      tasks,
      store,
      onProgress: (one) => progress.push(one),
    });
    expect([first.length, second.length]).toEqual([4, 4]);
    expect(progress.map(({ answered }) => answered)).toEqual([0, 1, 2, 3, 4]);
    const { total, done, spared } = progress.at(-1)!;
    expect([done, spared].every(({ scoring }) => scoring > 0)).toBe(true);
    expect(addWork(done, spared)).toEqual(total);
    expect(results.quiz_colours!["acc,none"]).toBe(0.5);
  });

  test.each([
    [{ tasks: ["quiz_color"] }, /there is no task quiz_color/],
    [{ tasks: ["quiz_*s", "nothing*"] }, /there is no task nothing\*/],
    [{ dataDir: "/nowhere" }, /\/nowhere is not a directory/],
    [{ tasks: ["mmlu"] }, /the files of mmlu are not in/],
    [{ numFewshot: 4 }, /quiz_colours has no 4 examples/],
    [
      { model: { ...firstChoice(), renderChat: undefined }, chat: { shotsAsTurns: true } },
      /no chat template/,
    ],
  ] as [Partial<EvaluateOptions>, RegExp][])("refuses %o", async (options, message) => {
    await expect(run(options)).rejects.toThrow(message);
  });
});
