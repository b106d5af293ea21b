/** The file that people come with, `report_to: wandb` included: it runs unchanged but for its paths, without a network. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { decodeRecord } from "../../src/tracking/wandb/records.js";
import { scanRunFile } from "../../src/tracking/wandb/runFile.js";
import { type EventRow, readEvents } from "../../src/train/index.js";

const main = path.resolve(import.meta.dirname, "../../dist/cli/main.js");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-seed-"));
const model = writeTestModel();
const output = path.join(work, "output/firefly-baichuan-7b-1000000");
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

/** 50 steps of 32 rows: the first step that the file asks to log. */
const rows = 50 * 32;

const seed = {
  output_dir: output,
  model_name_or_path: model,
  cache_dir: "cache_model",
  train_file: path.join(work, "moss-003-sft-data.jsonl"),
  num_train_epochs: 1,
  per_device_train_batch_size: 16,
  gradient_accumulation_steps: 2,
  learning_rate: 2e-4,
  max_seq_length: 1024,
  logging_steps: 50,
  save_steps: 100,
  save_total_limit: 1,
  lr_scheduler_type: "constant_with_warmup",
  warmup_steps: 1000,
  lora_rank: 64,
  lora_alpha: 16,
  lora_dropout: 0.05,
  bits: 4,
  gradient_checkpointing: true,
  disable_tqdm: false,
  optim: "paged_adamw_32bit",
  seed: 42,
  fp16: true,
  report_to: "wandb",
  dataloader_num_workers: 0,
  save_strategy: "steps",
  weight_decay: 0,
  max_grad_norm: 0.3,
  remove_unused_columns: false,
  do_eval: false,
  evaluation_strategy: "no",
};

function train(file: string): Promise<{ code: number | null; stderr: string }> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("WANDB_")),
  );
  // Nothing outside may be reached: a key of the machine's owner must not upload a test.
  const child = spawn(process.execPath, [main, "train", file], {
    env: { ...env, HOME: work },
    cwd: work,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stderr })));
}

it("writes a run that wandb sync can upload", async () => {
  const template =
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + eos_token }}{% endfor %}";
  writeFileSync(path.join(model, "chat_template.jinja"), template);
  const row = {
    conversation_id: 1,
    num_turns: 1,
    chat: { turn_1: { Human: "<|Human|>: hi<eoh>\n", MOSS: "<|MOSS|>: yes<eom>\n" } },
  };
  writeFileSync(seed.train_file, `${JSON.stringify(row)}\n`.repeat(rows));
  const file = path.join(work, "seed.json");
  writeFileSync(file, JSON.stringify(seed, null, 2));

  const { code, stderr } = await train(file);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/W&B: offline, because there is no key .*wandb sync /);
  const [folder = ""] = readdirSync(path.join(output, "wandb")).filter((name) =>
    name.startsWith("offline-run-"),
  );
  expect(folder).toMatch(/^offline-run-\d{8}_\d{6}-[a-z0-9]{8}$/);
  const run = path.join(output, "wandb", folder, `run-${folder.split("-").at(-1)}.wandb`);
  const records = scanRunFile(readFileSync(run)).map(({ bytes }) => decodeRecord(bytes));
  const values = records.flatMap((record) =>
    record.type === "history"
      ? [Object.fromEntries(record.items.map(({ key, json }) => [key[0], JSON.parse(json)]))]
      : [],
  );
  const events = readEvents(path.join(output, "events.jsonl"));
  const steps = events.filter(
    (event): event is EventRow & { type: "step" } => event.type === "step",
  );
  expect(steps.map(({ step }) => step)).toEqual([50]);
  for (const [index, { step, loss, learning_rate, grad_norm, epoch }] of steps.entries()) {
    expect(values[index]).toMatchObject({
      _step: index,
      "train/global_step": step,
      "train/loss": loss,
      "train/learning_rate": learning_rate,
      "train/grad_norm": grad_norm,
      "train/epoch": epoch,
    });
  }
  expect(records.at(-1)).toEqual({ type: "exit", code: 0 });
  const items = records.flatMap((record) => ("items" in record ? record.items : []));
  const config = (key: string) => items.find((item) => item.key[0] === key)?.json;
  expect([config("lora_rank"), config("optim"), config("max_grad_norm")]).toEqual([
    "64",
    '"paged_adamw_32bit"',
    "0.3",
  ]);
  expect(config("train_loss")).toBeDefined();
}, 120_000);
