/** A run's adapter merged: logits, what goes along with the weights, and what is refused. */
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
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { disposeChatModel, loadChatModel } from "../../generate/index.js";
import { writeTestModel } from "../../generate/testModel.js";
import { forward } from "../../models/index.js";
import { liveTensors, tidy } from "../../tensor/index.js";
import { loadTrainingConfig } from "../../train/config/index.js";
import { runSft } from "../../train/index.js";
import type { ModelOutFlags } from "../modelOut/options.js";
import type { ModelReport } from "../modelOut/writeFolder.js";
import { runMerge } from "./runMerge.js";

const rows = path.resolve(
  import.meta.dirname,
  "../../../test/parity/fixtures/run-version-0/rows.jsonl",
);
const work = mkdtempSync(path.join(tmpdir(), "tunewright-merge-"));
const model = writeTestModel();
const run = path.join(work, "run");
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

beforeAll(async () => {
  const flags = [
    `--model_name_or_path=${model}`,
    `--train_file=${rows}`,
    `--output_dir=${run}`,
    "--train_mode=qlora",
    "--template_name=firefly-classic",
    "--max_seq_length=48",
    "--learning_rate=0.05",
    "--max_steps=4",
    "--use_cpu",
  ];
  await runSft(loadTrainingConfig(undefined, flags), { say: () => {} });
}, 120_000);

const place = (name: string) => path.join(work, name);

async function merge(out: string, flags: Partial<ModelOutFlags> = {}) {
  const before = liveTensors();
  const said: string[] = [];
  const defaults = { adapter: [], compare: true, force: false };
  const given = { ...defaults, model: run, out: place(out), ...flags };
  const report: ModelReport = await runMerge(given, (line) => said.push(line));
  expect(liveTensors(), "tensors left alive").toBe(before);
  return { report, said };
}

async function logitsOf(name: string): Promise<number[]> {
  const chat = await loadChatModel(name, { dtype: "float32", template: "firefly-classic" });
  const ids = Int32Array.of(3, 9, 27, 4, 12);
  const values = tidy(() => [...new Float32Array(forward(chat.model, ids).bytes().slice().buffer)]);
  disposeChatModel(chat);
  return values;
}

const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));

describe("merge", () => {
  it("gives the logits of the adapter on the weights of the files, though it was trained on 4 bits", async () => {
    const { report } = await merge("merged");
    const [expected, actual] = [await logitsOf(run), await logitsOf(place("merged"))];
    const largest = (values: number[]) => Math.max(...values.map(Math.abs));
    expect(largest(expected.map((value, i) => value - actual[i]!))).toBeLessThan(1e-4);
    const plain = await logitsOf(model);
    expect(largest(expected.map((value, i) => value - plain[i]!))).toBeGreaterThan(0.1);
    const { comparison } = report;
    expect(comparison).toMatchObject({ rows: 4, same_choice: comparison!.tokens });
    expect(comparison!.largest_difference).toBeLessThan(1e-4);
  });

  it("says how far a rounded model is from its adapter", async () => {
    const { report } = await merge("rounded", { dtype: "bfloat16" });
    expect(report.comparison!.largest_difference).toBeGreaterThan(1e-4);
    expect(json(path.join(place("rounded"), "config.json")).dtype).toBe("bfloat16");
  });

  it("takes tokenizer, template and the ends of answers along", async () => {
    const { said } = await merge("along", { compare: false });
    const files = readdirSync(place("along"));
    expect(files).toEqual(expect.arrayContaining(["tokenizer.json", "tunewright.json"]));
    const text = (from: string) => readFileSync(path.join(from, "tokenizer.json"), "utf8");
    expect(text(place("along"))).toBe(text(run));
    expect(json(path.join(place("along"), "tunewright.json"))).toEqual(
      json(path.join(run, "tunewright.json")),
    );
    const merged = await loadChatModel(place("along"));
    const before = await loadChatModel(run);
    expect(merged.template.name).toBe("firefly-classic");
    expect(merged.stopTokenIds.sort()).toEqual(before.stopTokenIds.sort());
    const stops = [json(path.join(place("along"), "generation_config.json")).eos_token_id].flat();
    expect(stops).toEqual(expect.arrayContaining([...merged.template.stopTokenIds]));
    expect(said.join("\n")).toMatch(/chat template firefly-classic/);
    for (const chat of [merged, before]) disposeChatModel(chat);
  });

  it("replaces nothing unless it is asked to, and never what it reads", async () => {
    await merge("twice", { compare: false });
    await expect(merge("twice")).rejects.toThrow(/twice exists/);
    await merge("twice", { compare: false, force: true });
    const copy = place("copy");
    cpSync(model, copy, { recursive: true });
    const onCopy = { model: copy, adapter: [run], force: true };
    await expect(merge("copy", onCopy)).rejects.toThrow(/is, or holds/);
    writeFileSync(place("file"), "");
    await expect(merge("file", { force: true })).rejects.toThrow(/a file of this name/);
    await expect(merge("none", { model })).rejects.toThrow(/no adapter to merge/);
    expect(existsSync(place("none"))).toBe(false);
  });

  it("leaves nothing behind where it fails", async () => {
    const broken = place("broken");
    cpSync(run, broken, { recursive: true });
    const weights = path.join(broken, "adapter_model.safetensors");
    writeFileSync(weights, readFileSync(weights).subarray(0, -100));
    await expect(merge("failed", { model: broken })).rejects.toThrow(/adapter_model/);
    expect(readdirSync(work).filter((name) => name.includes("failed"))).toEqual([]);
  });
});
