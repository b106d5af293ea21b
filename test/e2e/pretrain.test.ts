/** Continued pretraining of a tiny model from the command line. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { type EventRow, readEvents } from "../../src/train/index.js";

const root = path.resolve(import.meta.dirname, "../..");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-pretrain-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

/** One token a character; the fourth is longer than two sequences. */
const texts = [
  "the cat sat on the mat. ",
  "a dog ate it. ",
  "x",
  "one two three four five ".repeat(3),
];
const maxSeqLength = 32;
const inWork = (name: string) => path.join(work, name);

beforeAll(() => {
  const row = (value: object) => `${JSON.stringify(value)}\n`;
  writeFileSync(
    inWork("texts.jsonl"),
    texts
      .map((text) => row({ text }))
      .join("")
      .repeat(4),
  );
  const conversation = row({ messages: [{ role: "user", content: "hi" }] });
  writeFileSync(inWork("mixed.jsonl"), row({ text: "a text" }) + conversation);
});

function tunewright(command: string, directory: string, ...more: string[]) {
  const words = [
    command,
    "--task_type=pretrain",
    `--model_name_or_path=${model}`,
    "--use_cpu",
    `--train_file=${inWork("texts.jsonl")}`,
    `--output_dir=${inWork(directory)}`,
    `--max_seq_length=${maxSeqLength}`,
    "--per_device_train_batch_size=4",
    "--lora_rank=4",
    "--learning_rate=0.01",
    "--num_train_epochs=3",
    "--logging_steps=1",
    "--save_steps=3",
    "--report_to=none",
    "--json",
  ];
  const main = path.join(root, "dist/cli/main.js");
  return spawnSync(process.execPath, [main, ...words, ...more], { encoding: "utf8" });
}

const stepsOf = (directory: string) =>
  readEvents(path.join(inWork(directory), "events.jsonl")).filter(
    (row): row is Extract<EventRow, { type: "step" }> => row.type === "step",
  );

describe("pretraining", () => {
  let straight: ReturnType<typeof tunewright>;
  beforeAll(() => {
    straight = tunewright(
      "train",
      "straight",
      "--sample_prompts=the cat",
      "--sample_max_new_tokens=4",
    );
  }, 120_000);

  it("learns every token of every text, packed", () => {
    expect(straight.status, straight.stderr).toBe(0);
    const summary = JSON.parse(straight.stdout);
    // Each text ends with the end token; of each sequence all but the first token are predicted.
    const lengths = texts.map((text) => text.length + 1);
    const sequences = lengths.reduce((sum, length) => sum + Math.ceil(length / maxSeqLength), 0);
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    expect(summary.tokens).toBe(3 * 4 * tokens);
    expect(summary.labelled_tokens).toBe(3 * 4 * (tokens - sequences));
    const losses = stepsOf("straight").map(({ loss }) => loss);
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]!);
    const most = Math.max(...stepsOf("straight").map((step) => step.tokens));
    expect(most).toBeGreaterThan(3 * maxSeqLength);
  });

  it("says texts, goes on with beginnings of texts, and leaves no chat template", () => {
    expect(straight.stderr).toMatch(/: 16 texts, \d+ steps/);
    const [first] = readEvents(inWork("straight/events.jsonl")).filter(
      ({ type }) => type === "sample",
    );
    expect(first).toMatchObject({ step: 0, prompt: "the cat" });
    expect(existsSync(inWork("straight/tunewright.json"))).toBe(false);
    expect(existsSync(inWork("straight/adapter_model.safetensors"))).toBe(true);
  });

  it("goes on from a checkpoint with the same numbers", () => {
    const resumed = tunewright(
      "train",
      "resumed",
      `--resume_from_checkpoint=${inWork("straight/checkpoint-3")}`,
    );
    expect(resumed.status, resumed.stderr).toBe(0);
    const figures = (directory: string) =>
      stepsOf(directory)
        .filter(({ step }) => step > 3)
        .map(({ step, loss, grad_norm }) => ({ step, loss, grad_norm }));
    expect(figures("resumed")).toEqual(figures("straight"));
    const weights = (name: string) => readFileSync(inWork(`${name}/adapter_model.safetensors`));
    expect(weights("resumed").equals(weights("straight"))).toBe(true);
  }, 60_000);

  it("can be checked first, and refuses a row that is no text, naming it", () => {
    const checked = tunewright("check", "checked");
    expect(checked.status, checked.stderr).toBe(0);
    expect(JSON.parse(checked.stdout).model.template).toBe("plain");
    const refused = tunewright("train", "refused", `--train_file=${inWork("mixed.jsonl")}`);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toContain("mixed.jsonl:2: text is missing");
  }, 60_000);

  it("with threads and a source whose rows are conversations names the row too", () => {
    const config = inWork("sources.json");
    writeFileSync(
      config,
      JSON.stringify({ train_file: [{ path: inWork("chats.jsonl"), format: "messages" }] }),
    );
    const messages = [
      { role: "user", content: "hi" },
      { role: "assistant", content: "yo" },
    ];
    writeFileSync(inWork("chats.jsonl"), `${JSON.stringify({ messages })}\n`);
    const words = ["train", config, "--task_type=pretrain", `--model_name_or_path=${model}`];
    const main = path.join(root, "dist/cli/main.js");
    const { status, stderr } = spawnSync(
      process.execPath,
      [main, ...words, `--output_dir=${inWork("chats")}`, "--dataloader_num_workers=1"],
      { encoding: "utf8" },
    );
    expect(status, stderr).toBe(3);
    expect(stderr).toContain("chats.jsonl:1: a conversation among plain texts");
  }, 60_000);
});
