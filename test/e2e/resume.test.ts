/** Runs of a tiny model that go on: from a checkpoint of an earlier version, and what leaves no trace. */
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { liveTensors } from "../../src/tensor/index.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import { type EventRow, readEvents, runSft } from "../../src/train/index.js";

const stored = path.resolve(import.meta.dirname, "../parity/fixtures/run-version-0");
const expected = JSON.parse(readFileSync(path.join(stored, "expected.json"), "utf8"));
const work = mkdtempSync(path.join(tmpdir(), "tunewright-resume-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

let run: string;
let made = 0;
beforeEach(() => {
  run = path.join(work, `run-${++made}`);
});

const train = (...more: string[]) =>
  runSft(
    loadTrainingConfig(undefined, [
      `--model_name_or_path=${model}`,
      `--train_file=${path.join(stored, "rows.jsonl")}`,
      `--output_dir=${run}`,
      "--template_name=firefly-classic",
      "--max_seq_length=48",
      "--lora_rank=2",
      "--per_device_train_batch_size=2",
      "--gradient_accumulation_steps=2",
      "--lora_dropout=0.1",
      "--learning_rate=0.01",
      "--weight_decay=0.1",
      "--use_cpu",
      "--logging_steps=1",
      "--save_steps=2",
      "--max_steps=4",
      ...more,
    ]),
  );
const stepsOf = (directory = run) =>
  readEvents(path.join(directory, "events.jsonl")).filter(
    (row): row is Extract<EventRow, { type: "step" }> => row.type === "step",
  );

describe("a run of version 0", () => {
  it("goes on with the numbers that it would have had", async () => {
    cpSync(stored, run, { recursive: true });
    const { reason, summary } = await train("--resume");
    expect(reason).toBe("done");
    const rows = stepsOf();
    expect(rows.map(({ step, attempt }) => [step, attempt])).toEqual([
      [1, 1],
      [2, 1],
      [3, 2],
      [4, 2],
    ]);
    // Sums in another order than that version's, of numbers of some ten thousand terms.
    rows.slice(2).forEach((row, i) => {
      const before = expected.steps[i];
      expect(Math.abs(row.loss / before.loss - 1)).toBeLessThan(1e-5);
      expect(Math.abs(row.grad_norm / before.grad_norm - 1)).toBeLessThan(1e-5);
      expect(row.learning_rate).toBe(before.learning_rate);
    });
    expect(Math.abs(summary.train_loss / expected.train_loss - 1)).toBeLessThan(1e-5);
    expect(summary).toMatchObject({ steps: 4, tokens: 304, labelled_tokens: 102 });
    const state = path.join(run, "checkpoint-4/trainer_state.json");
    expect(JSON.parse(readFileSync(state, "utf8"))).toMatchObject({ version: 1, lossSteps: 4 });
  });
});

it("a signal that comes twice still leaves a checkpoint, and ends with 130", async () => {
  const main = path.resolve(import.meta.dirname, "../../dist/cli/main.js");
  const words = [
    "train",
    `--model_name_or_path=${model}`,
    `--train_file=${path.join(stored, "rows.jsonl")}`,
    `--output_dir=${run}`,
    "--template_name=firefly-classic",
    "--lora_rank=2",
    "--use_cpu",
    "--max_steps=1000000",
    "--logging_steps=1",
    "--save_strategy=no",
  ];
  const child = spawn(process.execPath, [main, ...words], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => {
    if (!stderr.includes("step 2/") && `${stderr}${text}`.includes("step 2/")) {
      child.kill("SIGTERM");
      for (const wait of [20, 60, 120]) setTimeout(() => child.kill("SIGTERM"), wait);
    }
    stderr += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code, stderr).toBe(130);
  expect(readdirSync(run).filter((name) => /^checkpoint-\d+$/.test(name))).toHaveLength(1);
  expect(stderr).toContain("--resume");
}, 60_000);

describe("a run that goes on from an earlier checkpoint", () => {
  const places = () => readdirSync(run).filter((name) => name.startsWith("checkpoint-"));

  it("leaves later checkpoints where they are when it cannot start", async () => {
    await train();
    expect(places()).toEqual(["checkpoint-2", "checkpoint-4"]);
    const resume = `--resume_from_checkpoint=${path.join(run, "checkpoint-2")}`;
    await expect(train(resume, "--train_file=missing.jsonl")).rejects.toThrow("missing.jsonl");
    await expect(train(resume, `--sample_prompts=${"long ".repeat(30)}`)).rejects.toThrow("prompt");
    expect(places()).toEqual(["checkpoint-2", "checkpoint-4"]);
    await train(resume);
    expect(places()).toEqual(["checkpoint-2", "checkpoint-4", "checkpoint-4.superseded"]);
  });

  it("frees all its tensors, whether it ends well or not", async () => {
    const before = liveTensors();
    await train();
    await expect(train("--resume", "--learning_rate=1e30", "--max_steps=8")).rejects.toThrow(
      "loss",
    );
    expect(liveTensors()).toBe(before);
  });
});

it("a whole run leaves its result as a set, with a manifest that lists it", async () => {
  await train();
  const { files, step } = JSON.parse(readFileSync(path.join(run, "result.json"), "utf8"));
  expect(step).toBe(4);
  expect(files.map((file: { path: string }) => file.path)).toEqual([
    "adapter_config.json",
    "adapter_model.safetensors",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tunewright.json",
  ]);
  for (const { path: name } of files) expect(existsSync(path.join(run, name)), name).toBe(true);
  expect(readdirSync(run).filter((name) => /tmp|staged/.test(name))).toEqual([]);
});

describe("a checkpoint whose counters are not to be trusted is refused", () => {
  it.each([
    ["of a newer version", { version: 2 }, /version 2/],
    ["without its steps", { step: undefined }, /damaged.*step/s],
    [
      "with a scale that is no number",
      { lossScale: { value: "x", goodSteps: 0 } },
      /lossScale.value/,
    ],
  ])("%s", async (_what, change, message) => {
    cpSync(stored, run, { recursive: true });
    const file = path.join(run, "checkpoint-2/trainer_state.json");
    const manifest = path.join(run, "checkpoint-2/manifest.json");
    const state = { ...JSON.parse(readFileSync(file, "utf8")), ...change };
    writeFileSync(file, JSON.stringify(state));
    const { files, ...rest } = JSON.parse(readFileSync(manifest, "utf8"));
    const { createHash } = await import("node:crypto");
    const bytes = readFileSync(file);
    const listed = files.map((one: { path: string }) =>
      one.path === "trainer_state.json"
        ? {
            path: one.path,
            size: bytes.length,
            sha256: createHash("sha256").update(bytes).digest("hex"),
          }
        : one,
    );
    writeFileSync(manifest, JSON.stringify({ ...rest, files: listed }));
    const error: Error & { why?: string } = await train("--resume").catch((cause) => cause);
    expect(`${error.message} ${error.why}`).toMatch(message);
  });
});
