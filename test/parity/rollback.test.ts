/** A run that goes back to a checkpoint by itself: what trackers are told of its steps, as their readers see it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { openTrackers } from "../../src/tracking/index.js";
import { decodeRecord } from "../../src/tracking/wandb/records.js";
import { scanRunFile } from "../../src/tracking/wandb/runFile.js";
import { loadTrainingConfig, readEvents, runTraining } from "../../src/train/index.js";
import { changedModel, rare } from "../faults/plantedModel.js";
import { runPython, trackersPython } from "./pythonTrackers.js";

const python = await trackersPython();
const work = mkdtempSync(path.join(tmpdir(), "tunewright-rollback-"));
const run = path.join(work, "run");
const model = changedModel((weights, rareId) => {
  weights.set("model.embed_tokens.weight", Number.NaN, rareId, 0);
});
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

it("each step once, in metrics.csv, in TensorBoard and in W&B's files", async () => {
  const rows = path.join(work, "rows.jsonl");
  const texts = Array.from({ length: 16 }, (_, i) => ({
    messages: [
      { role: "user", content: `question ${i}` },
      { role: "assistant", content: `${"answer ".repeat(1 + (i % 3))}${i === 10 ? rare : ""}` },
    ],
  }));
  writeFileSync(rows, texts.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const loaded = loadTrainingConfig(undefined, {
    ...{ model_name_or_path: model, train_file: rows, output_dir: run, use_cpu: true },
    ...{ template_name: "firefly-classic", max_seq_length: 64, lora_rank: 2 },
    ...{ per_device_train_batch_size: 1, gradient_accumulation_steps: 2, logging_steps: 1 },
    ...{ save_steps: 4, max_steps: 8, on_non_finite: "rollback" },
    report_to: ["csv", "tensorboard", "wandb"],
  });
  const trackers = openTrackers(loaded.config, { say: () => {}, env: {} });
  await runTraining(loaded, {
    readers: trackers.readers,
    betweenAttempts: trackers.close,
  });
  await trackers.close();

  const events = readEvents(path.join(run, "events.jsonl"));
  const [resume] = events.filter((row) => row.type === "resume");
  // Steps behind the checkpoint were told before the bad one came.
  expect(resume!.step + 1).toBeLessThan(resume!.left_out![0]!.step);
  const told = events.flatMap((row) => (row.type === "step" ? [row.step] : []));
  expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);

  const lines = readFileSync(path.join(run, "metrics.csv"), "utf8").trim().split("\n").slice(1);
  expect(lines.map((line) => Number(line.split(",")[0]))).toEqual(told);

  const files = readdirSync(path.join(run, "wandb"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.startsWith("offline-run-") && name.endsWith(".wandb"))
    .sort();
  expect(files).toHaveLength(2);
  const history = files.flatMap((name) =>
    scanRunFile(readFileSync(path.join(run, "wandb", name))).flatMap(({ bytes }) => {
      const record = decodeRecord(bytes);
      if (record.type !== "history") return [];
      const values = Object.fromEntries(record.items.map(({ key, json }) => [key[0], json]));
      const isStep = values["train/loss"] !== undefined;
      return [
        {
          row: Number(values._step),
          step: isStep ? Number(values["train/global_step"]) : undefined,
        },
      ];
    }),
  );
  expect(history.flatMap(({ step }) => (step === undefined ? [] : [step]))).toEqual(told);
  expect(history.map(({ row }) => row)).toEqual(history.map((_, i) => i));

  if (!python) return;
  const script = path.join(import.meta.dirname, "tensorboard_read.py");
  const [read] = (await runPython(python, script, [path.join(run, "runs")])) as [
    { scalars: Record<string, [number, number, string][]> },
  ];
  expect(read.scalars["train/loss"]!.map(([, step]) => step)).toEqual(told);
}, 120_000);
