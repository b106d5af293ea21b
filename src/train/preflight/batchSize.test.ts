/** How large micro-batches become where the memory decides. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { writeEmptyModel } from "../../generate/emptyModel.js";
import { writeTestModel } from "../../generate/testModel.js";
import { hostMemory } from "../../tensor/index.js";
import { loadTrainingConfig } from "../config/index.js";
import { readEvents } from "../events/index.js";
import { runTraining } from "../recipes/index.js";
import { settleBatchSize } from "./batchSize.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-auto-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const rows = path.join(work, "rows.jsonl");
const row = {
  messages: [
    { role: "user", content: "hi" },
    { role: "assistant", content: "ho" },
  ],
};
writeFileSync(rows, `${JSON.stringify(row)}\n`.repeat(48));

const load = (model: string, ...flags: string[]) =>
  loadTrainingConfig(undefined, [
    `--model_name_or_path=${model}`,
    `--train_file=${rows}`,
    `--output_dir=${work}/run`,
    "--template_name=firefly-classic",
    "--report_to=none",
    "--use_cpu",
    ...flags,
  ]);

async function sizesOf(model: string, ...flags: string[]): Promise<[number, number]> {
  const { config } = await settleBatchSize(load(model, ...flags));
  return [config.per_device_train_batch_size, config.gradient_accumulation_steps];
}

const auto = "--per_device_train_batch_size=auto";

describe("auto", () => {
  const model = writeTestModel();

  test("is the most that is tried where there is room", async () => {
    expect(await sizesOf(model, auto, "--max_seq_length=64")).toEqual([64, 1]);
    expect(await sizesOf(model, auto, "--max_seq_length=4096")).toEqual([4, 1]);
    expect(await sizesOf(model, "--auto_batch_size", "--max_seq_length=64")).toEqual([64, 1]);
  });

  test("keeps the rows of a step where gradient_accumulation_steps is set", async () => {
    expect(await sizesOf(model, auto, "--gradient_accumulation_steps=24")).toEqual([12, 2]);
    expect(await sizesOf(model, auto, "--gradient_accumulation_steps=7")).toEqual([7, 1]);
  });

  test("leaves sizes alone that are set", async () => {
    expect(await sizesOf(model, "--per_device_train_batch_size=3")).toEqual([3, 1]);
  });

  test("is contradicted by a number beside it, and replaced by a flag", async () => {
    expect(() => load(model, auto, "--per_device_train_batch_size=4")).not.toThrow();
    const file = path.join(work, "config.json");
    writeFileSync(file, JSON.stringify({ per_device_train_batch_size: 4, auto_batch_size: true }));
    expect(() => loadTrainingConfig(file, [])).toThrow(/both a number and auto/);
    writeFileSync(file, JSON.stringify({ per_device_train_batch_size: "auto" }));
    const flags = ["--model_name_or_path=m", "--train_file=t", "--output_dir=o"];
    const { config } = loadTrainingConfig(file, [...flags, "--per_device_train_batch_size=4"]);
    expect([config.per_device_train_batch_size, config.auto_batch_size]).toEqual([4, false]);
  });
});

test("auto is less where memory is short", async () => {
  const model = path.join(work, "empty");
  writeEmptyModel(model, {
    model_type: "llama",
    vocab_size: 1000,
    hidden_size: 256,
    intermediate_size: 1024,
    num_hidden_layers: 24,
    num_attention_heads: 4,
    num_key_value_heads: 4,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
  });
  const { residentBytes } = hostMemory();
  const sizes = (more: number) =>
    sizesOf(
      model,
      auto,
      "--bits=4",
      "--lora_rank=4",
      "--max_seq_length=1024",
      `--max_memory=${residentBytes + more}`,
    );
  const [few] = await sizes(330e6);
  const [many] = await sizes(3e9);
  expect(many).toBe(16);
  expect(few).toBeLessThan(many);
});

test("a resumed run keeps what its checkpoint was trained with", async () => {
  const model = writeTestModel();
  const flags = [auto, "--gradient_accumulation_steps=12", "--max_seq_length=48", "--lora_rank=4"];
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  await runTraining(load(model, ...flags, "--max_steps=2", "--save_steps=1"), { say });
  expect(lines.join("\n")).toContain("per_device_train_batch_size auto: 12, ");
  // Another length would allow fewer; the checkpoint decides.
  const resumed = await settleBatchSize(load(model, ...flags, "--max_memory=64MB", "--resume"));
  expect(resumed.config.per_device_train_batch_size).toBe(12);
  expect(resumed.notes.join("\n")).toContain("auto: 12, as in the checkpoint");
  const { summary } = await runTraining(load(model, ...flags, "--max_steps=3", "--resume"), {
    say,
  });
  expect(summary.steps).toBe(3);
  const attempts = readEvents(path.join(work, "run", "events.jsonl")).filter(
    ({ type }) => type === "start",
  );
  expect(attempts).toHaveLength(2);
});
