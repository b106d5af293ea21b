/** Every key of transformers' TrainingArguments is used, named without effect, or refused. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  canonicalName,
  fixedKeys,
  inertKeys,
  isConfigKey,
  loadTrainingConfig,
} from "../../src/train/config/index.js";

const file = new URL("./fixtures/config-training-arguments.json", import.meta.url);
const { fields } = JSON.parse(readFileSync(file, "utf8")) as { fields: Record<string, unknown> };

it("knows every field of TrainingArguments, each in exactly one way", () => {
  expect(Object.keys(fields).length).toBeGreaterThan(100);
  for (const name of Object.keys(fields)) {
    const key = canonicalName(name);
    const ways = [isConfigKey(key), Object.hasOwn(fixedKeys, key), Object.hasOwn(inertKeys, key)];
    expect([name, ways.filter(Boolean).length]).toEqual([name, 1]);
  }
});

it("runs with all of TrainingArguments' own defaults written out, and notes nothing idle", () => {
  const given = { ...fields, output_dir: "out", model_name_or_path: "m", train_file: "t.jsonl" };
  const { config, notes } = loadTrainingConfig(undefined, given);
  expect(notes).toEqual(["train_mode is full, because lora_rank is not set."]);
  for (const [name, value] of Object.entries(fields)) {
    const key = canonicalName(name);
    if (!isConfigKey(key) || value === null || key === "report_to") continue;
    expect([key, config[key]]).toEqual([key, value]);
  }
});
