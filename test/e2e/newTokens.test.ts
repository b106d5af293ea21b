/** Runs that give the tokenizer new tokens, and the model rows for them. */
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
import { fixtureTensors } from "../parity/fixtures.js";
import { trainHere, writeGrown } from "./trainHere.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-tokens-"));
const untied = writeTestModel();
/** Baichuan2's head divides its rows by their lengths. */
const normed = path.join(work, "model");
const family = path.resolve(import.meta.dirname, "../parity/fixtures/families/baichuan2-7b/model");
cpSync(untied, normed, { recursive: true });
writeGrown(family, normed);
afterAll(() => {
  for (const folder of [work, untied]) rmSync(folder, { recursive: true, force: true });
});

const place = (name: string) => path.join(work, name);
const rows = place("rows.jsonl");
writeFileSync(
  rows,
  ["call <tool> now", "<tool><end tool>", "no", "x <tool> y"]
    .map((content, at) => {
      const messages = [
        { role: "user", content: `ask ${at}` },
        { role: "assistant", content },
      ];
      return `${JSON.stringify({ messages })}\n`;
    })
    .join(""),
);

const flagsOf = (model: string, output: string, flags: readonly string[]) => [
  `--model_name_or_path=${model}`,
  `--train_file=${rows}`,
  `--output_dir=${place(output)}`,
  "--template_name=firefly-classic",
  "--new_tokens=<tool>,<end tool>",
  "--per_device_train_batch_size=2",
  "--learning_rate=0.01",
  "--use_cpu",
  "--save_steps=2",
  "--max_steps=4",
  ...flags,
];

const train = (model: string, output: string, ...flags: string[]) =>
  trainHere(flagsOf(model, output, flags));

const vocabulary = (model: string): number =>
  JSON.parse(readFileSync(path.join(model, "config.json"), "utf8")).vocab_size;

/** Logits as `chat` computes them, behind a text with a new token. */
async function logitsOf(run: string): Promise<{ ids: number[]; logits: Float32Array }> {
  const chat = await loadChatModel(place(run));
  try {
    const ids = await chat.tokenizer.encode("a <tool><end tool> b");
    const logits = tidy(() => new Float32Array(forward(chat.model, ids).bytes().slice().buffer));
    return { ids: [...ids], logits };
  } finally {
    disposeChatModel(chat);
  }
}

/** Merged, the model has the rows, and what `chat` computes. */
async function expectSameMerged(run: string, logits: Float32Array): Promise<void> {
  const out = place(`${run}-merged`);
  const options = { adapter: [], maxShardSize: 5e9, compare: true, force: false };
  const { comparison } = await runMerge({ ...options, model: place(run), out }, () => {});
  const { logits: merged } = await logitsOf(`${run}-merged`);
  expect(Math.max(...merged.map((value, i) => Math.abs(value - logits[i]!)))).toBeLessThan(1e-4);
  expect(comparison!.largest_difference).toBeLessThan(1e-4);
}

const lora = ["--lora_rank=2", "--lora_dropout=0.1"];
const kinds: [string, string, string[]][] = [
  ["lora", untied, lora],
  ["qlora", untied, [...lora, "--bits=4"]],
  ["normed", normed, lora],
  ["saved", untied, [...lora, "--modules_to_save=embed_tokens"]],
  ["full", untied, ["--train_mode=full"]],
];

describe.each(kinds)("with %s", (kind, model, settings) => {
  it("rows are trained, saved and found again; a resumed run ends with the same bytes", async () => {
    const before = vocabulary(model);
    const report = await runCheck(undefined, flagsOf(model, `${kind}-none`, settings));
    expect(report.ok).toBe(true);
    await train(model, kind, ...settings);
    expect(vocabulary(model)).toBe(before);
    const weights = kind === "full" ? "model.safetensors" : "adapter_model.safetensors";
    const stored = fixtureTensors(path.join(place(kind), weights));
    const sizes = [...stored.values()].map(({ values }) => values.length);
    expect(report.model.trained_weights).toBe(sizes.reduce((sum, size) => sum + size));
    cpSync(path.join(place(kind), "checkpoint-2"), place(`${kind}-again/checkpoint-2`), {
      recursive: true,
    });
    await train(model, `${kind}-again`, ...settings, "--resume_from_checkpoint");
    const bytes = (run: string) => readFileSync(path.join(place(run), weights));
    expect(bytes(`${kind}-again`).equals(bytes(kind))).toBe(true);
    const [one, other] = [await logitsOf(kind), await logitsOf(`${kind}-again`)];
    expect(one.ids).toContain(before);
    expect(one.ids).toContain(before + 1);
    expect(one.logits.length).toBe(one.ids.length * (before + 2));
    expect(one.logits.every(Number.isFinite)).toBe(true);
    expect(one.logits).toEqual(other.logits);
    if (kind !== "full") await expectSameMerged(kind, one.logits);
  });
});

it("what cannot be a new token is refused", async () => {
  const check = (...flags: string[]) => runCheck(undefined, flagsOf(untied, "none", flags));
  await expect(check(...lora, "--new_tokens=</s>")).rejects.toThrow(
    /new_tokens cannot add "<\/s>"/,
  );
  await expect(check(...lora, "--new_tokens=a")).rejects.toMatchObject({
    why: expect.stringContaining("already, with the id"),
  });
  const flags = flagsOf(place("lora"), "none", []);
  await expect(runCheck(undefined, flags)).rejects.toThrow(/new_tokens does not work/);
});
