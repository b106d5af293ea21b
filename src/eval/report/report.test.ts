/** What reports say, in both languages, and that no text of a model gets out of its place. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { compareEvaluations } from "../compare/index.js";
import type { Evaluation } from "../evaluate.js";
import { type MadeTask, madeEvaluation } from "../testEvaluations.js";
import type { Group } from "../types.js";
import {
  biasedLetter,
  chanceLevel,
  letterAnswers,
  letterShares,
  reliability,
} from "./answerStatistics.js";
import {
  type ReportedEvaluation,
  readEvaluation,
  readReportInput,
  reportMarkdown,
  reportPage,
  summaryNotes,
  summaryTable,
  verdictLine,
} from "./index.js";
import { showCount, showDifference, showValue } from "./numbers.js";

const evil = '</pre><script>alert(1)</script>|x|\n```\n# head\u0000 "quoted" 什么是雪？';
const group: Group = {
  name: "quiz",
  members: ["long", "short"],
  version: 3,
  average: "macro",
  metrics: ["acc,none"],
};

function made(name: string, long: string, short: string): ReportedEvaluation {
  const tasks: MadeTask[] = [
    { name: "long", category: "first_half", gold: "ABCD".repeat(10), answers: long },
    {
      name: "short",
      gold: "ABCD",
      answers: short,
      question: (i) => `${evil} ${i}`,
      notes: ["as is"],
    },
  ];
  return {
    ...madeEvaluation(tasks, [group]),
    model_name: name,
    config: { model: name, model_dtype: "float32", fewshot_seed: 7, apply_chat_template: true },
    chat_template: "chatml",
    date: 1e9,
    tunewright_version: "1.2.3",
  };
}

const base = made("small", "A".repeat(40), "ABCC");
const tuned = made("<b>small</b>", `${"ABCA".repeat(7)}${"A".repeat(12)}`, "ABAD");
const input = {
  evaluation: tuned,
  base,
  seeds: [
    { seed: 1, evaluation: base as Evaluation },
    { seed: 2, evaluation: tuned as Evaluation },
  ],
  published: [{ name: "long", points: 90 }],
};

const words = (html: string) =>
  html
    .replace(/<style>.*?<\/style>/s, "")
    .replace(/<[^>]*>/g, " ")
    .replaceAll("\u00a0", " ")
    .replace(/\s+/g, " ");

describe("the page", () => {
  const page = reportPage(input);
  const text = words(page);

  test("says the verdict in words", () => {
    expect(text).toMatch(
      /quiz: 17\.5 points better: (?:not noise|within noise|borderline) \(95 % interval/,
    );
    expect(text).toContain(
      "long: 30.0 points below the published score: 3.8 standard errors, more than noise",
    );
  });

  test("warns of one letter, of guessing, and tells the notes", () => {
    expect(text).toContain("base: 100.0 % of the answers are A, which is right in 25.0 % (long).");
    expect(text).toMatch(
      /base: no better than guessing, or not surely: long 25\.0 \(guessing 25\.0\)/,
    );
    expect(text).toContain("short: as is");
  });

  test("lists what flipped with both answers and the belief in each choice", () => {
    expect(text).toContain("Only the base has 1 right, only the tuned model 15.");
    expect(text).toContain("short, question 2");
    expect(text).toMatch(/C \(right\) 59\.9% \(chosen\) −0\.50/);
  });

  test("tells draws and settings", () => {
    expect(text).toMatch(/long acc 25\.0 60\.0 42\.5 24\.7/);
    expect(text).toContain("model_dtype float32");
    expect(text).toContain("[here: float32]");
    expect(text).toContain("[here: chatml]");
    expect(text).toContain("2001-09-09T01:46:40.000Z");
  });

  test("lets no text out of its place, loads nothing and runs nothing", () => {
    expect(page).not.toMatch(/<script|<b>|\p{Cc}(?<![\n\t])/u);
    expect(page).not.toMatch(/(?:src|href)="(?!data:|#)|url\(|@import/);
    expect(page).toContain("default-src &#39;none&#39;");
  });

  test("has landmarks, one first heading, and headed tables and pictures", () => {
    expect(page.match(/<h1>/g)).toHaveLength(1);
    expect(page.match(/<main /g)).toHaveLength(1);
    const count = (part: string) => page.split(part).length - 1;
    expect(count("<table>")).toBeGreaterThan(5);
    expect(count("<caption")).toBe(count("<table>"));
    expect(count('role="img" aria-label="')).toBe(count("<svg "));
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(id);
  });

  test("has its own words in Chinese where they are wanted", () => {
    const chinese = reportPage(input, { language: "zh" });
    expect(chinese).toContain('<html lang="zh-CN">');
    expect(words(chinese)).toContain("quiz：提高 17.5 分");
    expect(words(chinese)).toContain("1 题只有微调前答对，15 题只有微调后答对。");
    expect(words(chinese)).not.toMatch(/undefined|NaN|\[object/);
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  test("of one model has scores with their intervals, and both averages", () => {
    const alone = words(reportPage({ evaluation: tuned }));
    expect(alone).toMatch(/quiz acc 44 67\.5 ± 13\.1 41\.8 to 93\.2 each task alike 61\.4 67\.5/);
    expect(alone).not.toContain("flipped");
  });
});

test("dialogues stand side by side, turn by turn, with what is measured of them", () => {
  const spoken = (answer: string, finish: string, looping: number): ReportedEvaluation => {
    const quiz = madeEvaluation([{ name: "dialogue:greeting", gold: "A", answers: "A" }]);
    const name = "dialogue:greeting";
    const sample = quiz.samples[name]![0]!;
    return {
      ...quiz,
      topics: { [name]: { benchmark: "dialogue", subject: "greeting" } },
      results: {
        [name]: {
          name,
          alias: name,
          protocol: "lm-eval",
          sample_len: 1,
          "repetition,none": 0.25,
          "tokens,none": 1,
        },
      },
      samples: {
        [name]: [
          {
            ...sample,
            doc: { question: "你好？", reference: "Hello." },
            filtered_resps: [answer],
            metrics: [],
            finish_reason: finish,
            looping,
            repetition: 0.25,
            tokens: 1234,
          },
        ],
      },
    };
  };
  const both = { base: spoken("hi hi hi", "length", 1), evaluation: spoken("Hello!", "stop", 0) };
  const text = words(reportPage(both));
  expect(text).toContain("Turn 1 你好？");
  expect(text).toContain("base, cut off, looping, 25.0 % repeated, 1,234 tokens hi hi hi");
  expect(text).toContain("tuned, 25.0 % repeated, 1,234 tokens Hello! reference Hello.");
  expect(text).toMatch(/repetition 25\.0 25\.0 % of sequences .* tokens 1 1 tokens of an answer/);
  expect(reportMarkdown(both, { language: "zh" })).toContain("第 1 轮");
});

test("what training data holds is told by task, with the rows and both scores", () => {
  const rules = {
    words: 13,
    fewWords: 8,
    characters: 20,
    fewCharacters: 10,
    dirty: 0.8,
    suspicious: 0.4,
    commonQuestions: 5,
  };
  const found = {
    docId: 3,
    verdict: "dirty" as const,
    share: 0.9,
    excerpt: "Which planet <b>",
    rows: [{ file: "train.jsonl", line: 7, share: 0.9, excerpt: "Which planet" }],
    rowCount: 3,
  };
  const contamination = {
    files: [{ file: "train.jsonl", rows: 1000, bytes: 1, unreadable: 2 }],
    rules,
    notes: ["two rows could not be read"],
    tasks: [
      {
        task: "short",
        questions: 4,
        clean: 3,
        suspicious: 0,
        dirty: 1,
        untold: 0,
        found: [found],
        scores: [
          {
            metric: "acc,none",
            clean: { value: 0.5, stderr: 0.1, size: 3 },
            suspicious: null,
            dirty: { value: 1, stderr: null, size: 1 },
          },
        ],
      },
    ],
  };
  const text = words(reportPage({ evaluation: tuned, contamination }));
  expect(text).toMatch(/short 4 3 0 1 0 acc 50\.0 ± 10\.0 100\.0/);
  expect(text).toContain("train.jsonl:7, 90.0% Which planet 2 more rows hold as much.");
  expect(text).toContain("train.jsonl 1,000 2");
  expect(text).toContain("80.0 % of it or more in runs of at least 13 words");
});

test("Markdown keeps texts in fences that they cannot leave, and bars out of cells", () => {
  const markdown = reportMarkdown(input);
  expect(markdown).toContain("````text\n</pre><script>alert(1)</script>|x|\n```\n# head\ufffd");
  expect(markdown).toContain("# Evaluation of \\<b\\>small\\</b\\>");
  for (const line of markdown.split("\n").filter((one) => one.startsWith("| "))) {
    expect(line.endsWith(" |")).toBe(true);
  }
  expect(reportMarkdown(input, { language: "zh" })).toContain("## 设置");
});

describe("on a terminal", () => {
  test("groups first, as lm-evaluation-harness", () => {
    const { columns, rows } = summaryTable(tuned);
    expect(columns.map(({ title }) => title)).toEqual([
      "task",
      "version",
      "filter",
      "n-shot",
      "metric",
      "score",
      "± stderr",
      "protocol",
    ]);
    expect(rows).toEqual([
      ["quiz", "3", "none", "–", "acc", "67.5", "13.1", "lm-eval"],
      ["long", "1", "none", "0", "acc", "60.0", "7.8", "lm-eval"],
      ["short", "1", "none", "0", "acc", "75.0", "25.0", "lm-eval"],
    ]);
    expect(summaryNotes(tuned)).toEqual(["short: as is"]);
  });

  test("both models with the verdict", () => {
    const comparison = compareEvaluations(base, tuned);
    expect(summaryTable(tuned, { base, comparison }).rows[1]).toEqual([
      "long",
      "1",
      "none",
      "0",
      "acc",
      "25.0",
      "60.0",
      "7.8",
      "+35.0",
      "17.6 to 49.0",
      "not noise",
      "lm-eval",
    ]);
    expect(verdictLine(tuned, comparison.tasks[0]!).replaceAll("\u00a0", " ")).toBe(
      "long: 35.0 points better: not noise (95 % interval 17.6 to 49.0, p < 0.001, McNemar, exact)",
    );
    expect(verdictLine(tuned, comparison.tasks[1]!)).toMatch(/^short: no difference: within noise/);
  });
});

describe("from a directory", () => {
  const folder = mkdtempSync(join(tmpdir(), "report-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function write(place: string, { samples, ...results }: Evaluation): void {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "results.json"), JSON.stringify(results));
    for (const [task, all] of Object.entries(samples)) {
      const lines = all.map((sample) => `${JSON.stringify(sample)}\n`);
      writeFileSync(join(place, `samples_${task}.jsonl`), lines.join(""));
    }
  }

  test("the same report again", () => {
    write(folder, tuned);
    write(join(folder, "base"), base);
    write(join(folder, "seed-2"), tuned);
    write(join(folder, "seed-1"), base);
    const read = readReportInput(folder);
    expect(read.seeds?.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(reportPage({ ...read, published: input.published })).toBe(reportPage(input));
  });

  test("says which file is missing or broken", () => {
    expect(() => readEvaluation(join(folder, "nowhere"))).toThrow(/results\.json cannot be read/);
    writeFileSync(join(folder, "samples_short.jsonl"), '{"doc_id": 1}\n');
    expect(() => readEvaluation(folder)).toThrow(/samples_short\.jsonl:1 is not a sample/);
    writeFileSync(join(folder, "samples_short.jsonl"), '{"doc_id": \n');
    expect(() => readEvaluation(folder)).toThrow(/samples_short\.jsonl:1 is not JSON/);
    writeFileSync(join(folder, "results.json"), "[]");
    expect(() => readEvaluation(folder)).toThrow(/is not of an evaluation/);
  });
});

test("letters, chance and sureness", () => {
  const answers = letterAnswers(base.samples.long!);
  const shares = letterShares(answers);
  expect(shares).toMatchObject({ letters: ["A", "B", "C", "D"], predicted: [1, 0, 0, 0] });
  expect(biasedLetter(shares)).toEqual({ letter: "A", share: 1, gold: 0.25 });
  expect(biasedLetter(letterShares(letterAnswers(tuned.samples.short!)))).toBeUndefined();
  expect(chanceLevel(base.samples.long!)).toBe(0.25);
  const { bins, error } = reliability(answers);
  const probability = 1 / (1 + 3 * Math.exp(-1.5));
  expect(bins).toMatchObject([{ from: 0.5, count: 40, accuracy: 0.25 }]);
  expect(error).toBeCloseTo(probability - 0.25, 12);
});

test("numbers as they are written", () => {
  expect([0.54321, -0.0004, 1].map((value) => showValue(value))).toEqual(["54.3", "0.0", "100.0"]);
  expect([0.012, -0.012, 0, 0.0001].map((value) => showDifference(value))).toEqual([
    "+1.2",
    "−1.2",
    "0.0",
    "0.0",
  ]);
  expect(showValue(-1234.5, "plain")).toBe("−1230");
  expect([7, 1234, 1234567].map(showCount)).toEqual(["7", "1,234", "1,234,567"]);
});
