/** Runs that train adapters of every kind, go on from them, and stop and resume. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCheck } from "../../src/cli/check/runCheck.js";
import { disposeChatModel, loadChatModel } from "../../src/generate/index.js";
import { writeTestModel } from "../../src/generate/testModel.js";
import { forward } from "../../src/models/index.js";
import { tidy } from "../../src/tensor/index.js";
import { loadTrainingConfig } from "../../src/train/config/index.js";
import { runSft } from "../../src/train/index.js";
import { fixtureTensors } from "../parity/fixtures.js";
import { trainHere } from "./trainHere.js";

const rows = path.resolve(import.meta.dirname, "../parity/fixtures/run-version-0/rows.jsonl");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-adapters-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

const place = (name: string) => path.join(work, name);

function flagsOf(output: string, flags: readonly string[]): string[] {
  return [
    `--train_file=${rows}`,
    `--output_dir=${place(output)}`,
    "--template_name=firefly-classic",
    "--max_seq_length=48",
    "--per_device_train_batch_size=2",
    "--learning_rate=0.01",
    "--use_cpu",
    "--logging_steps=1",
    "--save_steps=2",
    "--max_steps=4",
    ...flags,
  ];
}

const train = (output: string, ...flags: string[]) => trainHere(flagsOf(output, flags));

const onModel = `--model_name_or_path=${model}`;
const weightsOf = (run: string) => readFileSync(path.join(place(run), "adapter_model.safetensors"));
const configOf = (run: string) =>
  JSON.parse(readFileSync(path.join(place(run), "adapter_config.json"), "utf8"));

/** Logits as `chat` computes them. */
async function logitsOf(run: string): Promise<Float32Array> {
  const chat = await loadChatModel(place(run));
  const ids = Int32Array.of(3, 9, 27, 4, 12);
  const values = tidy(() => new Float32Array(forward(chat.model, ids).bytes().slice().buffer));
  disposeChatModel(chat);
  return values;
}

const distance = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

const kinds: [string, string[]][] = [
  ["dora", ["--use_dora", "--lora_target=q_proj,down_proj,embed_tokens,lm_head"]],
  ["saved", ["--lora_target=v_proj", "--modules_to_save=embed_tokens,lm_head,norm,q_proj"]],
  ["tokens", ["--lora_target=.*[qk]_proj", "--trainable_token_indices=4,9"]],
  ["loraplus", ["--loraplus_lr_ratio=8", "--lora_target=q_proj,embed_tokens"]],
  ["layers", ["--exclude_modules=q_proj", "--layers_to_transform=0", "--use_rslora"]],
  ["pissa", ["--init_lora_weights=pissa", "--lora_target=v_proj,up_proj", "--lora_bias=false"]],
  ["qlora", ["--bits=4", "--use_dora", "--modules_to_save=lm_head,norm", "--bias=lora_only"]],
  ["bf16", ["--bf16", "--use_dora", "--lora_target=.*proj", "--modules_to_save=embed_tokens"]],
  ["bias", ["--lora_bias", "--use_rslora", '--rank_pattern={"layers.0.*": 3}', "--bias=all"]],
];

describe.each(kinds)("an adapter with %s", (kind, settings) => {
  const flags = [onModel, "--lora_rank=2", "--lora_dropout=0.1", ...settings];

  it("is trained, checked, and found by chat; a run that was stopped ends with the same bytes", async () => {
    const report = await runCheck(undefined, flagsOf(`${kind}-none`, flags));
    expect(report.ok).toBe(true);
    await train(kind, ...flags);
    const stored = fixtureTensors(path.join(place(kind), "adapter_model.safetensors"));
    const sizes = [...stored.values()].map(({ values }) => values.length);
    expect(report.model.trained_weights).toBe(sizes.reduce((sum, size) => sum + size));
    cpSync(path.join(place(kind), "checkpoint-2"), place(`${kind}-again/checkpoint-2`), {
      recursive: true,
    });
    await train(`${kind}-again`, ...flags, "--resume_from_checkpoint");
    expect(weightsOf(`${kind}-again`).equals(weightsOf(kind))).toBe(true);
    expect(distance(await logitsOf(kind), await logitsOf(`${kind}-again`))).toBe(0);
  });

  it("learns the same from two micro-batches as from one twice the size", async () => {
    const still = [...flags, "--lora_dropout=0", "--max_steps=1"];
    await train(`${kind}-whole`, ...still, "--per_device_train_batch_size=4");
    await train(`${kind}-parts`, ...still, "--gradient_accumulation_steps=2", "--packing=false");
    const [whole, parts] = [`${kind}-whole`, `${kind}-parts`];
    expect(distance(await logitsOf(whole), await logitsOf(parts))).toBeLessThan(2e-4);
  });
});

describe("training that goes on from an adapter", () => {
  it("is the same whether the run is named as the model or as its adapter", async () => {
    await train("first", onModel, "--lora_rank=2", "--lora_alpha=6", "--lora_target=q_proj,v_proj");
    const said = await train("as-model", `--model_name_or_path=${place("first")}`);
    await train("as-adapter", onModel, `--adapter_name_or_path=${place("first")}`);
    expect(weightsOf("as-model").equals(weightsOf("as-adapter"))).toBe(true);
    expect(weightsOf("as-model").equals(weightsOf("first"))).toBe(false);
    expect(said.join("\n")).toMatch(/goes on from the adapter .*first: rank 2, alpha 6/);
    expect(configOf("as-model")).toMatchObject({
      r: 2,
      lora_alpha: 6,
      base_model_name_or_path: model,
    });
  });

  it("trains the last of several; the others stay as they are, and come with the result", async () => {
    const list = `--adapter_name_or_path=${place("first")},${place("as-model")}`;
    await train("stacked", onModel, list);
    expect(configOf("stacked").adapters_below).toEqual(["below/1"]);
    expect(weightsOf("stacked/below/1").equals(weightsOf("first"))).toBe(true);
    expect(weightsOf("stacked/checkpoint-2/below/1").equals(weightsOf("first"))).toBe(true);
    const both = await logitsOf("stacked");
    cpSync(place("stacked"), place("moved"), { recursive: true });
    expect(distance(await logitsOf("moved"), both)).toBe(0);
    rmSync(place("moved/below"), { recursive: true });
    await expect(loadChatModel(place("moved"))).rejects.toThrow(
      /the adapter under it, below\/1, is missing/,
    );
  });

  it("resumes on top of the others with the same bytes", async () => {
    const list = `--adapter_name_or_path=${place("first")},${place("as-model")}`;
    cpSync(path.join(place("stacked"), "checkpoint-2"), place("stacked-again/checkpoint-2"), {
      recursive: true,
    });
    await train("stacked-again", onModel, list, "--resume_from_checkpoint");
    expect(weightsOf("stacked-again").equals(weightsOf("stacked"))).toBe(true);
  });

  it("trains a new adapter on top where that is asked for", async () => {
    const flags = [`--model_name_or_path=${place("first")}`, "--create_new_adapter"];
    await train("on-top", ...flags, "--lora_rank=3", "--lora_target=o_proj");
    expect(configOf("on-top")).toMatchObject({ r: 3, adapters_below: ["below/1"] });
    expect(existsSync(place("on-top/below/1/adapter_model.safetensors"))).toBe(true);
    expect(distance(await logitsOf("on-top"), await logitsOf("first"))).toBeGreaterThan(1e-4);
  });

  it.each([
    ["--lora_rank=4", /lora_rank is 4, but the adapter's is 2/],
    ["--lora_target=q_proj", /lora_target is \["q_proj"\], but the adapter's is/],
    ["--use_dora", /use_dora is true, but the adapter's is false/],
    ["--train_mode=full", /train_mode full does not train adapters/],
    ["--adapter_name_or_path=nowhere", /nowhere does not contain an adapter/],
  ])("refuses %s", async (flag, message) => {
    const flags = flagsOf("refused", [`--model_name_or_path=${place("first")}`, flag]);
    await expect(runSft(loadTrainingConfig(undefined, flags))).rejects.toThrow(message);
    await expect(runCheck(undefined, flags)).rejects.toThrow(message);
    expect(existsSync(place("refused"))).toBe(false);
  });

  it("takes settings that are the adapter's own, and another dropout", async () => {
    const same = ["--lora_rank=2", "--lora_target=v_proj,q_proj", "--lora_dropout=0.3"];
    const said = await train("same", `--model_name_or_path=${place("first")}`, ...same);
    expect(said.join("\n")).toMatch(/lora_dropout is 0.3; the adapter was trained with 0.05/);
    expect(configOf("same").lora_dropout).toBe(0.3);
  });
});

it.each([
  ["--lora_target=q_proj,nothing", /lora_target "nothing" does not match/],
  ["--exclude_modules=nothing", /exclude_modules "nothing" does not match/],
  ["--modules_to_save=classifier", /modules_to_save "classifier" does not match/],
  ['--rank_pattern={"nothing": 3}', /rank_pattern "nothing" does not match/],
  ["--lora_target=.*norm", /targets name .*norm, which is not a linear layer/],
  ["--trainable_token_indices=9999999", /trainable_token_indices .* do not fit/],
  ["--init_lora_weights=corda", /init_lora_weights/],
])("refuses %s for a new adapter", async (flag, message) => {
  const flags = () =>
    loadTrainingConfig(undefined, flagsOf("refused-new", [onModel, "--lora_rank=2", flag]));
  await expect((async () => runSft(flags()))()).rejects.toThrow(message);
});

it.each([
  [["--bits=4", "--init_lora_weights=pissa"], /does not work on 4-bit weights/],
  [["--bits=4", "--lora_target=v_proj", "--modules_to_save=q_proj"], /its weight has 4 bits/],
  [["--init_lora_weights=orthogonal", "--lora_rank=3"], /needs an even rank, not 3/],
  [["--init_lora_weights=pissa", "--lora_rank=1000"], /pissa with rank 1000/],
  [["--lora_bias", "--lora_target=embed_tokens"], /lora_bias does not work on/],
  [["--lora_bias", "--use_dora"], /lora_bias/],
  [["--lora_target=.*q_proj", "--layers_to_transform=1"], /layers_to_transform has no effect/],
  [["--layers_pattern=layers"], /layers_pattern has no effect/],
])("check and train refuse %j alike", async (more, message) => {
  const flags = flagsOf("refused-both", [onModel, "--lora_rank=2", ...more]);
  await expect(runCheck(undefined, flags)).rejects.toThrow(message);
  await expect(runSft(loadTrainingConfig(undefined, flags))).rejects.toThrow(message);
});
