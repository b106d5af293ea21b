/**
 * What feeds training, from the command line on the built-in model: exact resume in the middle of an
 * epoch with packing, a mixture, threads and accumulation on; a run from a named pipe; rows left out.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EventRow, readEvents } from "../../src/train/index.js";
import { type Finished, tunewright } from "./program.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-feed-"));
const inWork = (name: string) => path.join(work, name);
afterAll(() => rmSync(work, { recursive: true, force: true }));

const question = (index: number) => (index % 2 === 0 ? `What is ${index} + 1?` : `${index} 加 1？`);

function rows(count: number, word: string): string {
  return Array.from({ length: count }, (_, index) => {
    const messages = [
      { role: "user", content: question(index) },
      { role: "assistant", content: `${word} ${index + 1}。`.repeat(1 + (index % 5)) },
    ];
    return `${JSON.stringify({ messages })}\n`;
  }).join("");
}

beforeAll(() => {
  writeFileSync(inWork("english.jsonl"), rows(16, "It is"));
  writeFileSync(inWork("chinese.jsonl"), rows(9, "等于"));
  const broken = rows(6, "It is").split("\n");
  broken[2] = '{"messages": [';
  writeFileSync(inWork("broken.jsonl"), broken.join("\n"));
  writeFileSync(inWork("heldout.jsonl"), `{"messages": []}\n${rows(1, "It is")}`);
});

const train = (words: readonly string[], onError?: Parameters<typeof tunewright>[1]) =>
  tunewright(["train", ...words], onError);

const flags = (directory: string, ...more: string[]) => [
  "--model_name_or_path=builtin:smollm2-135m",
  `--output_dir=${inWork(directory)}`,
  "--bits=4",
  "--lora_rank=4",
  "--lora_dropout=0.1",
  "--learning_rate=1e-3",
  "--max_seq_length=64",
  "--per_device_train_batch_size=2",
  "--gradient_accumulation_steps=2",
  "--logging_steps=1",
  "--save_strategy=no",
  "--report_to=none",
  ...more,
];

const stepsOf = (directory: string) =>
  readEvents(path.join(work, directory, "events.jsonl")).filter(
    (row): row is Extract<EventRow, { type: "step" }> => row.type === "step",
  );

describe("a mixture, packed, by threads, stopped in the middle of its second epoch", () => {
  const mixture = [
    { path: inWork("english.jsonl"), weight: 1, limit: 12 },
    { path: inWork("chinese.jsonl"), weight: 2 },
  ];
  let straight: Finished;
  let stopped: Finished;
  let resumed: Finished;

  beforeAll(async () => {
    const config = inWork("mixture.json");
    writeFileSync(
      config,
      JSON.stringify({ train_file: mixture, packing: true, num_train_epochs: 2 }),
    );
    const run = (directory: string, ...more: string[]) => [config, ...flags(directory, ...more)];
    straight = await train(run("straight", "--dataloader_num_workers=2"));
    const middle = Math.floor(stepsOf("straight").length * 0.75);
    let sent = false;
    stopped = await train(run("stopped", "--dataloader_num_workers=1"), (text, child) => {
      if (sent || !text.includes(`step ${middle}/`)) return;
      sent = true;
      child.kill("SIGTERM");
    });
    resumed = await train(run("stopped", "--dataloader_num_workers=3", "--resume"));
  }, 600_000);

  it("computes bit for bit what an uninterrupted run computes", () => {
    expect(straight.code, straight.stderr).toBe(0);
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(resumed.code, resumed.stderr).toBe(0);
    const [one, two] = [stepsOf("straight"), stepsOf("stopped")];
    expect(one.length).toBeGreaterThan(4);
    expect(one.at(-1)!.epoch).toBe(2);
    const figures = (steps: typeof one) =>
      steps.map(({ step, loss, grad_norm, tokens }) => ({ step, loss, grad_norm, tokens }));
    expect(figures(two)).toEqual(figures(one));
    const weights = (directory: string) =>
      readFileSync(path.join(work, directory, "adapter_model.safetensors"));
    expect(weights("stopped").equals(weights("straight"))).toBe(true);
    expect(new Set(two.map(({ attempt }) => attempt)).size).toBe(2);
    expect(two.findIndex(({ attempt }) => attempt === two.at(-1)!.attempt)).toBeGreaterThan(
      one.length / 2,
    );
  });

  it("says what an epoch takes of each source, and fills its micro-batches", () => {
    expect(straight.stderr).toMatch(
      /english\.jsonl: 7 rows per epoch \(33\.3 %\) from 12 of 16 rows/,
    );
    expect(straight.stderr).toMatch(
      /chinese\.jsonl: 14 rows per epoch \(66\.7 %\) from 9 rows, 1\.56 times/,
    );
    const budget = 2 * 2 * 64;
    for (const { tokens } of stepsOf("straight").slice(0, -1)) {
      expect(tokens).toBeLessThan(1.3 * budget);
      expect(tokens).toBeGreaterThan(0.4 * budget);
    }
  });

  it("keeps a few numbers as its cursor", () => {
    const directory = stepsOf("stopped").filter(({ attempt }) => attempt === 1).length;
    const file = inWork(`stopped/checkpoint-${directory}/trainer_state.json`);
    const { data, step } = JSON.parse(readFileSync(file, "utf8"));
    expect(step).toBe(directory);
    expect(data).toEqual({ rows: 21, microBatchesPerEpoch: expect.any(Number) });
  });
});

describe("a named pipe", () => {
  const pipe = (name: string) => {
    execFileSync("mkfifo", [inWork(name)]);
    const command = `cat "${inWork("english.jsonl")}" > "${inWork(name)}" &`;
    execFileSync("sh", ["-c", command], { stdio: "ignore" });
    return `--train_file=${inWork(name)}`;
  };

  it("trains until it ends, and resumes by reading it again", async () => {
    const stream = ["--streaming", "--shuffle_buffer_size=16", "--max_steps=99"];
    const whole = await train(flags("pipe", ...stream, pipe("whole.fifo")));
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stderr).toContain("The stream has ended after step 4 of 99");
    let sent = false;
    const options = flags("piped", ...stream);
    const stopped = await train([...options, pipe("first.fifo")], (text, child) => {
      if (sent || !text.includes("step 2/")) return;
      sent = true;
      child.kill("SIGTERM");
    });
    expect(stopped.code, stopped.stderr).toBe(130);
    const resumed = await train([...options, pipe("second.fifo"), "--resume"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    const losses = (directory: string) => stepsOf(directory).map(({ loss }) => loss);
    expect(losses("piped")).toEqual(losses("pipe"));
  }, 600_000);

  it("stops on a signal while it waits for rows", async () => {
    execFileSync("mkfifo", [inWork("silent.fifo")]);
    const options = flags("silent", "--streaming", "--max_steps=2");
    let sent = false;
    const writer = spawn("sh", ["-c", `exec 3> "${inWork("silent.fifo")}"; sleep 60`]);
    const result = await train(
      [...options, `--train_file=${inWork("silent.fifo")}`],
      (_, child) => {
        if (sent || !existsSync(inWork("silent/events.jsonl"))) return;
        sent = true;
        setTimeout(() => child.kill("SIGTERM"), 500);
      },
    );
    writer.kill();
    expect(result.code, result.stderr).toBe(130);
  }, 120_000);
});

it("on_error skip leaves a row out, and lists it once", async () => {
  const options = [`--train_file=${inWork("broken.jsonl")}`, "--num_train_epochs=2"];
  const refused = await train(flags("refused", ...options));
  expect(refused.code, refused.stderr).toBe(3);
  expect(refused.stderr).toContain("broken.jsonl:3: not valid JSON");
  expect(refused.stderr).toMatch(/error: 1 of \d+ rows of train_file cannot be trained on/);
  const skipping = [...options, "--on_error=skip", "--do_eval=true"];
  const { code, stderr } = await train(
    flags("skipping", ...skipping, `--eval_file=${inWork("heldout.jsonl")}`),
  );
  expect(code, stderr).toBe(0);
  const listed = readFileSync(inWork("skipping/skipped_rows.jsonl"), "utf8").trim().split("\n");
  expect(listed.map((line) => JSON.parse(line))).toMatchObject([
    { file: inWork("broken.jsonl"), line: 3, reason: expect.stringContaining("not valid JSON") },
    { file: inWork("heldout.jsonl"), line: 1, reason: expect.stringContaining("is empty") },
  ]);
  const warnings = readEvents(inWork("skipping/events.jsonl")).filter(
    ({ type }) => type === "warning",
  );
  expect(warnings).toHaveLength(2);
}, 300_000);

it("a row that stops a run costs no finished step: it goes on from there without the row", async () => {
  const options = (name: string, ...more: string[]) =>
    flags(
      name,
      `--train_file=${inWork("broken.jsonl")}`,
      ...["--data_seed=10", "--max_steps=3", "--check_rows=none"],
      ...more,
    );
  const refused = await train(options("halfway"));
  expect(refused.code, refused.stderr).toBe(3);
  const done = stepsOf("halfway").length;
  expect(done).toBeGreaterThan(0);
  expect(refused.stderr).toContain(`Step ${done} is saved in`);
  const resumed = await train(options("halfway", "--on_error=skip", "--resume"));
  expect(resumed.code, resumed.stderr).toBe(0);
  const straight = await train(options("halfway-straight", "--on_error=skip"));
  expect(straight.code, straight.stderr).toBe(0);
  const losses = (directory: string) => stepsOf(directory).map(({ loss }) => loss);
  expect(losses("halfway")).toEqual(losses("halfway-straight"));
}, 300_000);
