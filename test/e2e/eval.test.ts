/** `eval` as a process, on a benchmark of sums that lies in MMLU's layout. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { builtinModelName, builtinModelPath } from "../../src/util/builtin-model.js";
import { tunewright } from "./program.js";

const QUESTIONS = 100;
let folder: string;

const row = (a: number, b: number) => `What is ${a} + ${b}?,${a + b + 1},${a + b},${a + b + 2},0,B`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "eval-"));
  for (const [split, count] of [
    ["dev", 5],
    ["test", QUESTIONS],
  ] as const) {
    mkdirSync(join(folder, "data", "mmlu", split), { recursive: true });
    const rows = Array.from({ length: count }, (_, i) => row(i, (i * 7) % 10));
    const path = join(folder, "data", "mmlu", split, `abstract_algebra_${split}.csv`);
    writeFileSync(path, `${rows.join("\n")}\n`);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const out = (name: string) => join(folder, name);

function words(output: string, ...more: string[]): string[] {
  const data = ["--tasks", "mmlu_abstract_algebra", "--data", join(folder, "data")];
  return ["eval", "--model", builtinModelName, ...data, "--output", output, "--json", ...more];
}

const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));

function samplesIn(output: string): Record<string, unknown>[] {
  const text = readFileSync(join(output, "samples_mmlu_abstract_algebra.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Runs, and stops the process once `count` answers are on disk. */
async function stoppedOnAnswers(output: string, count: number, signal: NodeJS.Signals) {
  const answers = join(output, "answers.jsonl");
  const isTime = () =>
    existsSync(answers) && readFileSync(answers, "utf8").split("\n").length > count + 1;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await tunewright(
      words(output),
      () => {},
      (child) => {
        timer = setInterval(() => isTime() && child.kill(signal), 5);
      },
    );
  } finally {
    clearInterval(timer);
  }
}

describe.skipIf(!existsSync(builtinModelPath()))("eval", () => {
  test("prints and writes the same results, with a line for each question", async () => {
    const output = out("short");
    const { code, stdout, stderr } = await tunewright(
      words(output, "--limit", "6", "--num-fewshot", "2"),
    );
    expect(stderr).not.toContain("error");
    expect(code).toBe(0);
    const results = JSON.parse(stdout);
    expect(results).toEqual(read(join(output, "results.json")));
    const { results: scores, config, protocol, configs } = results;
    const name = "mmlu_abstract_algebra";
    expect(results["n-shot"][name]).toBe(2);
    expect(results["n-samples"][name]).toEqual({ original: QUESTIONS, effective: 6 });
    expect([protocol, configs[name].output_type]).toEqual(["lm-eval", "multiple_choice"]);
    expect(config).toMatchObject({ model: builtinModelName, limit: 6, device: "cpu" });
    expect(readdirSync(output).sort()).toEqual([
      "report.html",
      "report.md",
      "results.json",
      `samples_${name}.jsonl`,
    ]);
    const samples = samplesIn(output);
    const right = samples.filter(({ acc }) => acc === 1).length;
    expect(scores[name]["acc,none"]).toBeCloseTo(right / 6, 12);
    const again = await tunewright(words(output, "--limit", "6", "--num-fewshot", "2"));
    expect([again.code, JSON.parse(again.stdout)]).toEqual([0, results]);
    expect(again.stderr).toContain("holds this evaluation already");
    const other = await tunewright(words(output, "--limit", "7", "--num-fewshot", "2"));
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("holds another evaluation");
  });

  test("goes on after SIGKILL and SIGTERM to the results of an evaluation that ran through", async () => {
    const output = out("killed");
    const killed = await stoppedOnAnswers(output, 1, "SIGKILL");
    expect(killed.signal).toBe("SIGKILL");
    expect(readdirSync(output)).toEqual(["answers.jsonl"]);
    appendFileSync(join(output, "answers.jsonl"), '{"key":"torn');
    const kept = readFileSync(join(output, "answers.jsonl"), "utf8").split("\n").length;
    const stopped = await stoppedOnAnswers(output, kept, "SIGTERM");
    expect([stopped.code, stopped.signal]).toEqual([130, null]);
    expect(stopped.stderr).toContain("1 line of kept answers was not whole");
    expect(stopped.stderr).toContain("run the same command again to go on");
    const ended = await tunewright(words(output));
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining("going on with")]);
    const whole = out("whole");
    await tunewright(words(whole));
    // Answers that are computed beside others are rounded differently in the last digits.
    const scored = (folder: string) => samplesIn(folder).map(({ doc_id, acc }) => [doc_id, acc]);
    expect(scored(output)).toEqual(scored(whole));
    const logprobs = (folder: string) =>
      samplesIn(folder).flatMap(({ filtered_resps }) =>
        (filtered_resps as [number, boolean][]).map(([logprob]) => logprob),
      );
    const expected = logprobs(whole);
    expect(
      Math.max(...logprobs(output).map((one, i) => Math.abs(one - expected[i]!))),
    ).toBeLessThan(1e-3);
    expect(read(join(output, "results.json")).results).toEqual(
      read(join(whole, "results.json")).results,
    );
  }, 300_000);

  test.each([
    [["--tasks", "mmlu_abstract_algebr"], "there is no task mmlu_abstract_algebr", "did you mean"],
    [["--data", "/nowhere"], "/nowhere is not a directory", "--data"],
    [["--thinking", "off"], "--thinking has no effect", "--apply-chat-template"],
    [["--model", "/nowhere"], "/nowhere", ""],
    [["--protocol", "mine"], "--protocol mine", "official"],
  ])("refuses %j before it loads anything", async (more, what, todo) => {
    const { code, stderr } = await tunewright(words(out("refused"), ...more));
    expect(code).toBe(2);
    expect(stderr).toContain(what);
    expect(stderr).toContain(todo);
    expect(existsSync(out("refused"))).toBe(false);
  });
});

describe("a model of a few weights", () => {
  const tiny = writeTestModel();
  afterAll(() => rmSync(tiny, { recursive: true, force: true }));
  const quick = (output: string, ...more: string[]) =>
    tunewright(words(output, "--model", tiny, "--limit", "20", ...more));

  test("is compared with a base model, over several draws, and reported", async () => {
    const output = out("compared");
    const asked = ["--base", tiny, "--seeds", "1,2", "--published", "mmlu_abstract_algebra=54"];
    const { code, stdout, stderr } = await quick(output, "--num-fewshot", "1", ...asked);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    const { comparison, draws, published, config } = JSON.parse(stdout);
    expect(comparison.tasks[0]).toMatchObject({ difference: 0, verdict: "same" });
    expect(draws[0].values.map((one: { seed: number }) => one.seed)).toEqual([1, 2]);
    expect(published[0]).toMatchObject({ name: "mmlu_abstract_algebra", published: 0.54 });
    expect(config.fewshot_seeds).toEqual([1, 2]);
    const samples = "samples_mmlu_abstract_algebra.jsonl";
    expect(readdirSync(output).sort()).toEqual(
      ["base", "report.html", "report.md", "results.json", samples, "seed-1", "seed-2"].sort(),
    );
    for (const inner of ["base", "seed-1", "seed-2"]) {
      expect(readdirSync(join(output, inner)).sort()).toEqual(["results.json", samples]);
    }
    const report = out("again.html");
    const again = await tunewright(["eval", "report", output, "--out", report, "--language", "zh"]);
    expect(again.code).toBe(0);
    expect(readFileSync(report, "utf8")).toContain('<html lang="zh');
  });

  test("takes no answers of the model that it was before", async () => {
    const output = out("changed");
    expect((await quick(output)).code).toBe(0);
    utimesSync(join(tiny, "config.json"), 1, 1);
    const { code, stderr } = await quick(output);
    expect(code).toBe(2);
    expect(stderr).toContain("model_files differs");
    expect((await quick(output, "--dtype", "bfloat16", "--overwrite")).code).toBe(0);
    expect(read(join(output, "results.json")).config.model_dtype).toBe("bfloat16");
  });

  test("answers questions of the user's own", async () => {
    const task = join(folder, "own.yaml");
    writeFileSync(
      task,
      [
        "task: sums",
        "kind: multiple_choice",
        "data: own.jsonl",
        "choices: [right, wrong]",
        "answer: which",
        'prompt: "{ask}"',
      ].join("\n"),
    );
    const rows = [1, 2, 3].map((n) => ({
      ask: `${n} + 1 =`,
      right: `${n + 1}`,
      wrong: `${n}`,
      which: "A",
    }));
    writeFileSync(join(folder, "own.jsonl"), rows.map((one) => JSON.stringify(one)).join("\n"));
    const { code, stdout, stderr } = await tunewright([
      ...["eval", "--model", tiny, "--tasks", task, "--json"],
    ]);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(JSON.parse(stdout)["n-samples"].sums).toEqual({ original: 3, effective: 3 });
  });

  test("searches training data for the questions, with a model or without", async () => {
    const rows = join(folder, "rows.jsonl");
    const words = "the quick brown fox jumps over the lazy dog while seven wise owls watch it";
    const content = `${words} from the old barn door`;
    const messages = [
      { role: "user", content },
      { role: "assistant", content: "yes" },
    ];
    writeFileSync(rows, `${JSON.stringify({ messages })}\n`);
    const task = join(folder, "owls.yaml");
    const lines = ["task: owls", "kind: multiple_choice", "data: owls.jsonl", "choices: [a, b]"];
    writeFileSync(task, [...lines, "answer: which", 'prompt: "{ask}"'].join("\n"));
    const ask = { ask: content, a: "yes", b: "no", which: "A" };
    writeFileSync(join(folder, "owls.jsonl"), JSON.stringify(ask));
    const search = ["eval", "--tasks", task, "--contamination", rows, "--json"];
    const alone = await tunewright(search);
    expect([alone.code, alone.stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(JSON.parse(alone.stdout).contamination.tasks[0]).toMatchObject({ dirty: 1 });
    const scored = await tunewright([...search, "--model", tiny]);
    expect(JSON.parse(scored.stdout).contamination.tasks[0].scores[0].dirty.size).toBe(1);
  });

  test("refuses a submission that cannot be whole", async () => {
    const { code, stderr } = await quick(out("none"), "--submission", out("ceval.json"));
    expect(code).toBe(2);
    expect(stderr).toContain("--limit does not go with --submission");
  });
});

test("lists tasks", async () => {
  const { code, stdout } = await tunewright(["eval", "--list"]);
  expect(code).toBe(0);
  expect(stdout).toContain("  mmlu_abstract_algebra\n");
});
