/** Tests and intervals against scipy 1.17.1 (the calls stand beside the values), and comparisons whole. */
import { describe, expect, test } from "vitest";
import { madeEvaluation } from "../testEvaluations.js";
import type { Group } from "../types.js";
import { judge } from "./difference.js";
import { studentQuantile, studentTwoSided } from "./distributions.js";
import {
  answerOf,
  compareEvaluations,
  compareWithPublished,
  holm,
  mcNemar,
  normalTwoSided,
  parsePublished,
  questionStarts,
  summarizeSeeds,
} from "./index.js";

const closeTo = (value: number, expected: number) =>
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(
    1e-11 * Math.max(1e-3, Math.abs(expected)),
  );

describe("distributions", () => {
  test.each([
    [0, 1],
    [0.1, 0.920344325445942],
    [0.5, 0.6170750774519738],
    [1, 0.31731050786291415],
    [1.7, 0.08913092551708608],
    [1.96, 0.04999579029644087],
    [3.2, 0.0013742758758316942],
    [6, 1.973175290075389e-9],
    [10, 1.523970604832094e-23],
  ])("2·norm.sf(%d)", (z, p) => closeTo(normalTwoSided(z), p));

  test.each([
    [0.3, 1, 0.8144528418445154],
    [2.5, 3, 0.08770664700806556],
    [2, 48, 0.05117593384024047],
    [3.1, 99, 0.002520195824463759],
    [1.2, 5000, 0.2301961950604177],
  ])("2·t.sf(%d, %d)", (t, freedom, p) => closeTo(studentTwoSided(t, freedom), p));

  test.each([
    [1, 12.706204736174694],
    [5, 2.5705818356363146],
    [48, 2.010634757624232],
    [1000, 1.9623390808264083],
  ])("t.ppf(0.975, %d)", (freedom, t) => closeTo(studentQuantile(0.05, freedom), t));
});

describe("McNemar's test", () => {
  test.each([
    [1, 6, 0.125],
    [5, 5, 1],
    [0, 3, 0.25],
    [9, 15, 0.30745625495910645],
    [2, 20, 0.00012111663818359375],
  ])("binomtest(min(%d, %d), total)", (lost, gained, p) => {
    const result = mcNemar(lost, gained);
    expect(result.method).toBe("exact");
    closeTo(result.p, p);
  });

  test.each([
    [10, 15, 0.32693958282470703],
    [20, 40, 0.009853448195259268],
    [30, 30, 1],
    [400, 520, 7.513739122081995e-5],
    [3000, 3300, 0.0001568225082028005],
  ])("2·binom.cdf − binom.pmf of %d and %d", (lost, gained, p) => {
    const result = mcNemar(lost, gained);
    expect(result.method).toBe("mid-p");
    expect(result.p).toBeCloseTo(p, 11);
  });

  test("nothing flipped: nothing to say", () => expect(mcNemar(0, 0).p).toBe(1));
});

test("Holm's p-values, in the order given", () => {
  expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([0.03, 0.06, 0.06, 0.02]);
  expect(holm([])).toEqual([]);
});

describe("one difference", () => {
  const observed = { name: "quiz", metric: "acc,none", isSimple: true, differs: true };

  test("of right and wrong answers: Bonett and Price's interval", () => {
    const found = judge({
      ...observed,
      size: 50,
      base: 0.4,
      tuned: 0.52,
      stderr: 0.0684,
      freedom: 49,
      discordant: { lost: 3, gained: 9 },
    });
    closeTo(found.interval![0], -0.02211330283317553);
    closeTo(found.interval![1], 0.2528825336024063);
    expect(found).toMatchObject({ test: "exact", verdict: "noise" });
    expect(found.p).toBeCloseTo(0.1459960938, 9);
    expect(found.needed).toBeGreaterThan(50);
  });

  test("where nothing flipped the interval is not empty", () => {
    const found = judge({
      ...observed,
      size: 100,
      base: 0.5,
      tuned: 0.5,
      stderr: 0,
      freedom: 99,
      discordant: { lost: 0, gained: 0 },
      differs: false,
    });
    closeTo(found.interval![1], 0.027174584791170155);
    expect(found).toMatchObject({ verdict: "same", needed: null, p: 1 });
  });

  test("of other scores: Student's interval and test, as ttest_rel", () => {
    const found = judge({
      ...observed,
      size: 6,
      base: 2.8 / 6,
      tuned: 3.9 / 6,
      stderr: 0.10775486583496412,
      freedom: 5,
    });
    expect(found.test).toBe("t");
    closeTo(found.interval![0], -0.09365936748345349);
    closeTo(found.interval![1], 0.4603260341501202);
    closeTo(found.p, 0.14960795291230727);
  });
});

const group: Group = {
  name: "quiz",
  members: ["long", "short"],
  version: 1,
  average: "micro",
  metrics: ["acc,none"],
};
const gold = { long: "ABCD".repeat(10), short: "ABCD" };
const base = madeEvaluation(
  [
    { name: "long", gold: gold.long, answers: "A".repeat(40) },
    { name: "short", gold: gold.short, answers: "ABCC" },
  ],
  [group],
);
const tuned = madeEvaluation(
  [
    { name: "long", gold: gold.long, answers: `${"ABCA".repeat(7)}${"A".repeat(12)}` },
    { name: "short", gold: gold.short, answers: "ABAD" },
  ],
  [group],
);

describe("base against tuned", () => {
  const found = compareEvaluations(base, tuned);

  test("by task", () => {
    const [long, short] = found.tasks;
    expect(long).toMatchObject({
      name: "long",
      metric: "acc,none",
      size: 40,
      base: 0.25,
      tuned: 0.6,
      mcNemar: { lost: 0, gained: 14, method: "exact" },
      verdict: "real",
    });
    expect(long!.adjusted).toBeCloseTo(2 * 2 * 0.5 ** 14, 12);
    expect(short).toMatchObject({
      difference: 0,
      mcNemar: { lost: 1, gained: 1 },
      verdict: "noise",
      adjusted: 1,
    });
  });

  test("by group: each task's questions are a sample of their own", () => {
    // np.sqrt(sum((n_i/44)**2 * var_i/n_i)), var_i of 14 ones in 40 and of (0, 0, −1, 1), ddof 1
    const [micro, macro] = found.groups;
    const variances = [(14 * (26 / 40) ** 2 + 26 * (14 / 40) ** 2) / 39, 2 / 3];
    const stratified = Math.hypot(
      (40 / 44) * Math.sqrt(variances[0]! / 40),
      (4 / 44) * Math.sqrt(variances[1]! / 4),
    );
    expect(micro).toMatchObject({
      name: "quiz",
      average: "micro",
      isOwn: true,
      size: 44,
      test: "exact",
      verdict: "real",
      mcNemar: { lost: 1, gained: 15 },
    });
    expect(micro!.difference).toBeCloseTo(14 / 44, 14);
    expect(micro!.stderr).toBeCloseTo(stratified, 14);
    expect(macro).toMatchObject({ average: "macro", isOwn: false, test: "z" });
    expect(macro!.difference).toBeCloseTo(0.175, 14);
    expect(macro!.stderr).toBeCloseTo(
      Math.hypot(Math.sqrt(variances[0]! / 40), Math.sqrt(variances[1]! / 4)) / 2,
      14,
    );
    // np.std([0.35, 0], ddof=1)/np.sqrt(2)
    expect(macro!.clusteredStderr).toBeCloseTo(0.175, 14);
  });

  test("lists what flipped, in both directions, with the answers", () => {
    expect(found.flips.filter(({ direction }) => direction === "gained")).toHaveLength(15);
    const [lost] = found.flips.filter(({ direction }) => direction === "lost");
    expect(lost).toMatchObject({ task: "short", doc_id: 2, scores: [1, 0] });
    expect(lost!.prompt.slice(lost!.questionStart)).toMatch(/^Question 2 of short\?\nA\. one/);
    expect([lost!.base, lost!.tuned]).toMatchObject([
      { kind: "choice", predicted: 2, gold: [2] },
      { kind: "choice", predicted: 0, gold: [2] },
    ]);
  });

  test("of tasks that only one has, says which", () => {
    const [long] = Object.entries(tuned.samples);
    const other = { ...tuned, samples: { [long![0]]: long![1] } };
    expect(compareEvaluations(base, other)).toMatchObject({ onlyBase: ["short"], onlyTuned: [] });
  });

  test("refuses other prompts, other questions and nothing in common", () => {
    const withSample = (change: object) => ({
      ...tuned,
      samples: {
        ...tuned.samples,
        short: tuned.samples.short!.map((sample, i) =>
          i === 2 ? { ...sample, ...change } : sample,
        ),
      },
    });
    const why = (evaluation: typeof tuned) => {
      try {
        compareEvaluations(base, evaluation);
      } catch (error) {
        return (error as { why?: string }).why;
      }
      return "not refused";
    };
    expect(why(withSample({ prompt_hash: "x" }))).toBe(
      "short: question 2 was asked in another prompt",
    );
    expect(why(withSample({ target_hash: "x" }))).toBe(
      "short: question 2 has another right answer",
    );
    expect(why(withSample({ doc_id: 9 }))).toBe("short: only the tuned model was asked question 9");
    expect(why({ ...tuned, samples: { third: [] } })).toMatch(
      /^one has long and 1 more, the other/,
    );
    const fewer = { ...tuned.samples, long: tuned.samples.long!.slice(1) };
    expect(why({ ...tuned, samples: fewer })).toBe(
      "long: the base was asked 40 questions, the tuned model 39",
    );
  });

  test("of many tasks a single small p-value is not believed", () => {
    const names = Array.from({ length: 20 }, (_, i) => `task_${i}`);
    const make = (answers: (name: string) => string) =>
      madeEvaluation(names.map((name) => ({ name, gold: "A".repeat(40), answers: answers(name) })));
    const mixed = `${"A".repeat(20)}${"B".repeat(20)}`;
    const better = `${"A".repeat(28)}${"B".repeat(12)}`;
    const { tasks } = compareEvaluations(
      make(() => mixed),
      make((name) => (name === "task_7" ? better : mixed)),
    );
    expect(tasks[7]).toMatchObject({ verdict: "one of many" });
    expect(tasks[7]!.p).toBeLessThan(0.01);
    expect(tasks[0]).toMatchObject({ verdict: "same" });
  });
});

test("answers of both kinds", () => {
  const choice = answerOf(base.samples.short![0]!);
  expect(choice).toMatchObject({ kind: "choice", choices: ["A", "B", "C", "D"], gold: [0] });
  if (choice.kind === "choice") {
    expect(choice.probabilities[0]).toBeCloseTo(1 / (1 + 3 * Math.exp(-1.5)), 12);
  }
  const text = {
    ...base.samples.short![0]!,
    resps: [["It is 7."]],
    filtered_resps: ["7"],
    target: "7",
  };
  expect(answerOf(text)).toEqual({
    kind: "text",
    text: "It is 7.",
    filtered: "7",
    gold: "7",
    count: 1,
  });
});

test("a question begins after what all prompts share", () => {
  const prompts = ["Head\n\nQ: one\n\nmore\nA:", "Head\n\nQ: two\nA:"];
  expect(questionStarts(prompts).map((start, i) => prompts[i]!.slice(start))).toEqual([
    "Q: one\n\nmore\nA:",
    "Q: two\nA:",
  ]);
  const long = "Q: x\nA: y\n\n".repeat(200);
  expect(questionStarts([`${long}Q: last\nA:`, "Q: other"])[0]).toBe(long.length);
});

test("several draws: what comes from the questions and what from the draw", () => {
  const runs = ["ABCA", "ABAA", "ABCD"].map((answers, i) => ({
    seed: i + 1,
    evaluation: madeEvaluation([{ name: "short", gold: "ABCD", answers }]),
  }));
  const [summary] = summarizeSeeds(runs);
  // np.mean, np.std(ddof=1) of [.75, .5, 1]; root mean square of [.25, np.sqrt(1/12), 0]
  expect(summary!.mean).toBeCloseTo(0.75, 14);
  expect(summary!.between).toBeCloseTo(0.25, 14);
  expect(summary!.within).toBeCloseTo(Math.sqrt((0.0625 + 1 / 12) / 3), 14);
  expect(summary!.stderr).toBeCloseTo(Math.sqrt((0.0625 + 1 / 12) / 3 + 0.0625 / 3), 14);
});

describe("published scores", () => {
  test("are read in points", () => {
    expect(parsePublished("mmlu=54.0")).toEqual({ name: "mmlu", points: 54 });
    expect(parsePublished("ceval-valid = 42.8%")).toEqual({ name: "ceval-valid", points: 42.8 });
    expect(() => parsePublished("mmlu=0.54")).toThrow(/less than one point/);
    expect(() => parsePublished("mmlu")).toThrow(/not a published score/);
    expect(() => parsePublished("mmlu=540")).toThrow(/not a published score/);
  });

  test("are set beside ours in standard errors", () => {
    const [found] = compareWithPublished(tuned, [{ name: "long", points: 90 }]);
    const stderr = Math.sqrt((0.6 * 0.4) / 39);
    expect(found).toMatchObject({ metric: "acc,none", isMoreThanNoise: true });
    expect(found!.standardErrors).toBeCloseTo(-0.3 / stderr, 10);
    expect(() => compareWithPublished(tuned, [{ name: "mmlu", points: 1 }])).toThrow(
      /not evaluated/,
    );
  });
});
