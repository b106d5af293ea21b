/** BIG-Bench Hard on questions of our own; the parity test asks the real ones. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EvalModel, evaluate, type Protocol, selectTasks } from "../../index.js";
import { spelledNumber } from "./numberWords.js";
import { setNames } from "./sets.js";

let dataDir: string;

const questions: Record<string, { input: string; target: string }[]> = {
  boolean_expressions: [{ input: "not False is", target: "True" }],
  snarks: [{ input: "Which?\nOptions:\n(A) Rain again, lovely\n(B) Rain again", target: "(A)" }],
  word_sorting: [{ input: "Sort these. List: pear fig apple", target: "apple fig pear" }],
};

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "bbh-"));
  mkdirSync(join(dataDir, "bbh/bbh"), { recursive: true });
  mkdirSync(join(dataDir, "bbh/cot-prompts"));
  const steps = (n: number) =>
    `Q: q${n}\nA: Let's think step by step.\nIt is ${n}. So the answer is a${n}.`;
  for (const set of setNames) {
    const examples = questions[set] ?? [{ input: "?", target: "!" }];
    writeFileSync(join(dataDir, `bbh/bbh/${set}.json`), JSON.stringify({ examples }));
    const prompt = `A warning\n-----\nAbout ${set}.\n\n${[1, 2, 3].map(steps).join("\n\n")}`;
    writeFileSync(join(dataDir, `bbh/cot-prompts/${set}.txt`), prompt);
  }
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function ask(name: string, answer: string, protocol: Protocol = "lm-eval") {
  const model: EvalModel = {
    loglikelihood: async () => [],
    generateUntil: async (requests) => requests.map(() => answer),
  };
  const { results, samples } = await evaluate({ model, tasks: [name], dataDir, protocol });
  const context = samples[name]?.[0]?.arguments[0]?.[0];
  const answers = samples[name]?.map((sample) => [sample.filter, sample.filtered_resps[0]]);
  return { entry: results[name]!, context, answers: Object.fromEntries(answers ?? []) };
}

test("the published prompt becomes the harness's: steps, or conclusions only", async () => {
  const steps = await ask("bbh_cot_fewshot_snarks", "the answer is (A).");
  expect(steps.context).toMatch(
    /^About snarks\.\n\nQ: q1\nA: Let's think step by step\.\nIt is 1\. So the answer is a1\.\n\nQ: q2\n/,
  );
  expect(steps.context).toMatch(/lovely\n\(B\) Rain again\nA: Let's think step by step\.\n$/);
  expect(steps.entry["exact_match,get-answer"]).toBe(1);
  const conclusions = await ask("bbh_fewshot_snarks", "(A)");
  expect(conclusions.context).toContain("About snarks.\n\nQ: q1\nA: a1\n\nQ: q2\nA: a2\n\n");
  expect(conclusions.entry["exact_match,none"]).toBe(1);
});

test("the last character of the line is lost, as in the harness", async () => {
  const { entry } = await ask("bbh_cot_fewshot_snarks", "the answer is (A)");
  expect(entry["exact_match,get-answer"]).toBe(0);
  const { entry: official } = await ask("bbh_cot_fewshot_snarks", "the answer is (A)", "official");
  expect(official["exact_match,get-answer"]).toBe(1);
});

test.each([
  ["boolean_expressions", "True_, so 是False, but True. False", "True"],
  ["snarks", "I'd say RAIN, AGAIN! lovely, no?", "(A)"],
  ["snarks", "my choice: B", "(B)"],
  ["snarks", "neither", "[invalid]"],
  ["word_sorting", "fig, no: apple, then figs and fig and pear", "apple fig pear"],
  ["object_counting", "there are twenty two of them", "22"],
])("%s is read from %j without examples", async (set, answer, expected) => {
  const { answers } = await ask(`bbh_zeroshot_${set}`, answer);
  expect(answers).toMatchObject({ "strict-match": answer, "flexible-extract": expected });
});

test("the paper's averages count three sizes as one task", async () => {
  const { entry } = await ask("bbh", "the answer is !.", "official");
  // Three sets have other answers, none of them in three sizes.
  expect(entry["exact_match,get-answer"]).toBeCloseTo(20 / 23, 12);
  expect(entry["exact_match_macro,get-answer"]).toBeCloseTo(24 / 27, 12);
  const { groups } = selectTasks(["bbh_nlp", "bbh_algorithmic"], "official");
  expect(groups.map(({ members }) => members.length)).toEqual([12, 15]);
});

test("OpenCompass: an instruction first, a letter or a line last", async () => {
  const letter = await ask(
    "bbh_opencompass_snarks",
    "Q (C)? answer is (A. answer is (B)",
    "official",
  );
  expect(letter.context).toMatch(
    /^Follow the given examples and answer the question\.\nAbout snarks\.\n\nQ: q1\n/,
  );
  expect(letter.context).toMatch(/\nA: Let's think step by step\.$/);
  expect(letter.entry["acc,get-answer"]).toBe(1);
  const line = await ask(
    "bbh_opencompass_word_sorting",
    "Answer is: **Apple, fig , pear**.\n",
    "official",
  );
  expect(line.entry["acc,get-answer"]).toBe(1);
});

test.each([
  ["six", undefined],
  ["seventeen", "17"],
  ["two hundred and forty", "240"],
  ["ten million two hundred thousand and twelve", "10200012"],
  ["a thousand thousand", undefined],
])("%s spells %s", (text, expected) => {
  expect(spelledNumber(text, 0)).toBe(expected);
});
