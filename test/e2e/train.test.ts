/**
 * Training from the command line on the built-in model: exact resume after a signal, refused
 * configurations, the files that a run leaves.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EventRow, readEvents } from "../../src/train/index.js";
import { type Finished, tunewright } from "./program.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-train-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const questions = ["What is the capital of France?", "2 加 3 等于几？", "Name a colour.", "你好"];
const answers = ["Paris.", "等于 5。", "Blue is a colour.", "你好！有什么可以帮你？"];

beforeAll(() => {
  const rows = Array.from({ length: 24 }, (_, i) => ({
    messages: [
      { role: "user", content: `${questions[i % 4]} (${i})` },
      { role: "assistant", content: answers[i % 4] },
      { role: "user", content: questions[(i + 1) % 4] },
      { role: "assistant", content: answers[(i + 1) % 4] },
    ],
  }));
  writeFileSync(
    path.join(work, "rows.jsonl"),
    rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
  );
});

const flags = (directory: string, ...more: string[]) => [
  "train",
  "--model_name_or_path=builtin:smollm2-135m",
  `--train_file=${path.join(work, "rows.jsonl")}`,
  `--output_dir=${path.join(work, directory)}`,
  "--bits=4",
  "--bf16",
  "--lora_rank=4",
  "--lora_dropout=0.1",
  "--learning_rate=1e-3",
  "--per_device_train_batch_size=2",
  "--gradient_accumulation_steps=2",
  "--max_steps=4",
  "--logging_steps=1",
  "--save_strategy=no",
  "--report_to=none",
  ...more,
];

const stepsOf = (directory: string) =>
  readEvents(path.join(work, directory, "events.jsonl")).filter(
    (row): row is Extract<EventRow, { type: "step" }> => row.type === "step",
  );

describe("a run that is stopped by SIGTERM and resumed", () => {
  let straight: Finished;
  let stopped: Finished;
  let resumed: Finished;

  beforeAll(async () => {
    const asked = ["--sample_prompts", questions[0]!, questions[1]!, "--sample_max_new_tokens=6"];
    straight = await tunewright(flags("straight", ...asked, "--json"));
    let sent = false;
    stopped = await tunewright(flags("stopped"), (text, child) => {
      if (sent || !text.includes("step 2/4")) return;
      sent = true;
      child.kill("SIGTERM");
    });
    resumed = await tunewright(flags("stopped", "--json", "--resume"));
  }, 600_000);

  it("saves, says how to go on, and exits with 130", () => {
    expect(straight.code, straight.stderr).toBe(0);
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stderr).toMatch(/Stopped at step \d and saved/);
    expect(stopped.stderr).toContain("--resume");
  });

  it("computes bit for bit what an uninterrupted run computes", () => {
    expect(resumed.code, resumed.stderr).toBe(0);
    const [one, two] = [stepsOf("straight"), stepsOf("stopped")];
    expect(two.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(two.map(({ loss }) => loss)).toEqual(one.map(({ loss }) => loss));
    expect(two.map(({ grad_norm }) => grad_norm)).toEqual(one.map(({ grad_norm }) => grad_norm));
    const weights = (directory: string) =>
      readFileSync(path.join(work, directory, "adapter_model.safetensors"));
    expect(weights("stopped").equals(weights("straight"))).toBe(true);
    expect(new Set(two.map(({ attempt }) => attempt)).size).toBe(2);
  });

  it("prints a summary of the whole run", () => {
    const summary = JSON.parse(resumed.stdout);
    const whole = JSON.parse(straight.stdout);
    for (const key of ["steps", "epoch", "train_loss", "tokens", "labelled_tokens", "total_flos"]) {
      expect(summary[key], key).toEqual(whole[key]);
    }
    for (const key of ["run_dir", "train_runtime", "tokens_per_second", "mfu", "peak_rss_bytes"]) {
      expect(summary, key).toHaveProperty(key);
    }
  });

  it("keeps answers of before and after, which change nothing of what is learnt", () => {
    const samples = readEvents(path.join(work, "straight", "events.jsonl")).filter(
      (row): row is Extract<EventRow, { type: "sample" }> => row.type === "sample",
    );
    expect(samples.map(({ step, prompt }) => [step, prompt])).toEqual([
      [0, questions[0]],
      [0, questions[1]],
      [4, questions[0]],
      [4, questions[1]],
    ]);
    expect(samples.every(({ text }) => text.length > 0)).toBe(true);
    expect(straight.stderr).toContain(`step 0: ${questions[0]} → ${samples[0]!.text.trim()}`);
  });

  it("leaves an adapter with its tokenizer and the name of its template", () => {
    for (const file of [
      "adapter_config.json",
      "adapter_model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
      "tunewright.json",
      "config.json",
      "events.jsonl",
    ]) {
      expect(existsSync(path.join(work, "straight", file)), file).toBe(true);
    }
  });
});

it("a run whose loss stops being a number says so, and its events end with that", async () => {
  const more = ["--learning_rate=1e30", "--lr_scheduler_type=constant", "--max_grad_norm=0"];
  const { code, stderr } = await tunewright(flags("failed", ...more));
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/step \d: the loss is/);
  const rows = readEvents(path.join(work, "failed", "events.jsonl"));
  expect(rows.at(-1)).toMatchObject({
    type: "end",
    reason: "failed",
    run_dir: path.join(work, "failed"),
  });
}, 200_000);

describe("what cannot be trained is refused before training", () => {
  it.each([
    ["an unknown key, with the nearest one", ["--learning_rat=1"], 2, "learning_rate"],
    ["a model that is not there", ["--model_name_or_path=no/such/model"], 2, "no/such/model"],
    ["a file that is not there", ["--train_file=missing.jsonl"], 3, "missing.jsonl"],
    ["a directory that holds a run", [`--output_dir=${work}`], 2, work],
  ])("%s", async (_what, more, code, text) => {
    const result = await tunewright([...flags("refused", ...more)]);
    expect(result.stderr).toContain(text);
    expect(result.code, result.stderr).toBe(code);
  });
});
