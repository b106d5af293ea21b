/** Runs of mixtures of experts: checked, trained, resumed, merged and used. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCheck } from "../../src/cli/check/runCheck.js";
import { runMerge } from "../../src/cli/merge/runMerge.js";
import { disposeChatModel, loadChatModel } from "../../src/generate/index.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { forward } from "../../src/models/index.js";
import { tidy } from "../../src/tensor/index.js";
import { fixture, fixtureTensors } from "../parity/fixtures.js";
import { trainHere, writeGrown } from "./trainHere.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-mixtures-"));
const tokenizer = writeTestModel();
afterAll(() => {
  for (const folder of [work, tokenizer]) rmSync(folder, { recursive: true, force: true });
});
const place = (name: string) => path.join(work, name);

const rows = place("rows.jsonl");
writeFileSync(
  rows,
  Array.from({ length: 6 }, (_, i) => {
    const messages = [
      { role: "user", content: `ask ${i}` },
      { role: "assistant", content: "so ".repeat(1 + i) },
    ];
    return `${JSON.stringify({ messages })}\n`;
  }).join(""),
);

/** The family's model with rows for the test tokenizer's 128 tokens. */
function writeModel(family: string): string {
  const directory = place(family);
  cpSync(tokenizer, directory, { recursive: true });
  writeGrown(fixture(`experts/${family}/model`), directory);
  return directory;
}

const flagsOf = (model: string, output: string, flags: readonly string[]) => [
  `--model_name_or_path=${model}`,
  `--train_file=${rows}`,
  `--output_dir=${place(output)}`,
  "--template_name=firefly-classic",
  "--per_device_train_batch_size=2",
  "--gradient_accumulation_steps=2",
  "--learning_rate=0.01",
  "--use_cpu",
  "--save_steps=2",
  "--max_steps=4",
  ...flags,
];

const train = (model: string, output: string, ...flags: string[]) =>
  trainHere(flagsOf(model, output, flags));

/** Logits as `chat` computes them. */
async function logitsOf(run: string): Promise<Float32Array> {
  const chat = await loadChatModel(place(run));
  try {
    const ids = await chat.tokenizer.encode("a so so b");
    return tidy(() => new Float32Array(forward(chat.model, ids).bytes().slice().buffer));
  } finally {
    disposeChatModel(chat);
  }
}

const lora = ["--lora_rank=2", "--lora_dropout=0.1"];
const kinds: [family: string, kind: string, flags: string[]][] = [
  ["qwen3_moe", "qlora", [...lora, "--bits=4"]],
  ["qwen3_moe", "attention", [...lora, "--lora_target=o_proj", "--no-gradient_checkpointing"]],
  ["deepseek_v2", "qlora", [...lora, "--bits=4"]],
  ["deepseek_v2", "full", ["--train_mode=full"]],
];

describe.each(kinds)("%s, %s", (family, kind, settings) => {
  const run = `${family}-${kind}`;

  it("is trained, and a resumed run ends with the same bytes", async () => {
    const model = writeModel(family);
    const report = await runCheck(undefined, flagsOf(model, `${run}-none`, settings));
    expect(report.ok).toBe(true);
    const told = report.notes.filter((note) => note.includes("lie on experts"));
    expect(told.length).toBe(kind === "qlora" ? 1 : 0);
    if (kind === "qlora")
      expect(told[0]).toMatch(/^[\d,]+ of the adapters' .*lora_target q_proj,k/);
    await train(model, run, ...settings);
    const weights = kind === "full" ? "model.safetensors" : "adapter_model.safetensors";
    const stored = fixtureTensors(path.join(place(run), weights));
    const sizes = [...stored.values()].map(({ values }) => values.length);
    expect(report.model.trained_weights).toBe(sizes.reduce((sum, size) => sum + size));
    const hasExperts = [...stored.keys()].some((name) => name.includes(".experts.3.up_proj"));
    expect(hasExperts).toBe(kind !== "attention");
    cpSync(path.join(place(run), "checkpoint-2"), place(`${run}-again/checkpoint-2`), {
      recursive: true,
    });
    await train(model, `${run}-again`, ...settings, "--resume_from_checkpoint");
    const bytes = (name: string) => readFileSync(path.join(place(name), weights));
    expect(bytes(`${run}-again`).equals(bytes(run))).toBe(true);
  });

  it("computes merged what it does with its adapter", async () => {
    const logits = await logitsOf(run);
    expect(logits.every(Number.isFinite)).toBe(true);
    if (kind === "full") return;
    const out = place(`${run}-merged`);
    const options = { adapter: [], maxShardSize: 5e9, compare: true, force: false };
    const { comparison } = await runMerge({ ...options, model: place(run), out }, () => {});
    const merged = await logitsOf(`${run}-merged`);
    expect(Math.max(...merged.map((value, i) => Math.abs(value - logits[i]!)))).toBeLessThan(1e-4);
    expect(comparison!.largest_difference).toBeLessThan(1e-4);
  });
});
