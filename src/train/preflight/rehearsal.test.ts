/** What a rehearsal counts is what tensors take when the same is done in earnest. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeEmptyModel } from "../../generate/emptyModel.js";
import { modelTensors } from "../../models/index.js";
import { dispose, hostMemory, rehearsedMemory, resetHostPeak, tidy } from "../../tensor/index.js";
import { loadTrainingConfig, resolveForDevice } from "../config/index.js";
import { denseSequence, tryStep, withFullGroup } from "../memory/index.js";
import { crossEntropy } from "../objectives/crossEntropy.js";
import { choosePrecision } from "../precision.js";
import { fetchBaseModel, loadTrainedModel } from "../trainedModel.js";
import { preparePasses, prepareUpdate } from "../update.js";
import { findMemory } from "./estimate.js";
import { rehearseRun } from "./rehearsal.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-rehearsal-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const sizes = {
  vocab_size: 2000,
  hidden_size: 256,
  intermediate_size: 512,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 64,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
};
const models: Record<string, object> = {
  llama: { ...sizes, model_type: "llama" },
  gemma2: {
    ...sizes,
    model_type: "gemma2",
    query_pre_attn_scalar: 64,
    sliding_window: 128,
    attn_logit_softcapping: 50,
    final_logit_softcapping: 30,
    hidden_activation: "gelu_pytorch_tanh",
    tie_word_embeddings: true,
  },
  baichuan: {
    ...sizes,
    num_key_value_heads: 2,
    model_type: "baichuan",
    vocab_size: 125696,
    hidden_size: 64,
    num_attention_heads: 2,
    head_dim: 32,
    model_max_length: 512,
  },
  qwen3_moe: {
    ...sizes,
    model_type: "qwen3_moe",
    num_experts: 8,
    num_experts_per_tok: 3,
    moe_intermediate_size: 128,
    mlp_only_layers: [0],
  },
  deepseek_v2: {
    ...sizes,
    model_type: "deepseek_v2",
    num_key_value_heads: 4,
    n_routed_experts: 8,
    num_experts_per_tok: 3,
    moe_intermediate_size: 128,
    first_k_dense_replace: 1,
    q_lora_rank: null,
    kv_lora_rank: 64,
    qk_nope_head_dim: 32,
    qk_rope_head_dim: 16,
    v_head_dim: 32,
  },
};

const cases: [model: string, length: number, rows: number, ...flags: string[]][] = [
  ["llama", 256, 6, "--train_mode=full"],
  ["llama", 256, 6, "--train_mode=full", "--no-gradient_checkpointing", "--optim=adamw_8bit"],
  ["llama", 512, 3, "--train_mode=lora", "--lora_rank=32", "--lora_dropout=0.1", "--bf16"],
  ["llama", 256, 2, "--train_mode=lora", "--lora_rank=16", "--use_dora", "--no-bf16"],
  ["llama", 128, 9, "--train_mode=qlora", "--lora_rank=16", "--bf16"],
  ["gemma2", 256, 2, "--train_mode=lora", "--lora_rank=16", "--bf16"],
  ["baichuan", 64, 2, "--train_mode=lora", "--lora_rank=16", "--bf16"],
  ["baichuan", 64, 2, "--train_mode=full", "--optim=sgd"],
  ["qwen3_moe", 256, 4, "--train_mode=full"],
  // Their router of zeros gives all tokens to the same experts, and weights of others are not cast.
  ["qwen3_moe", 256, 4, "--train_mode=lora", "--lora_rank=8", "--no-bf16"],
  ["deepseek_v2", 256, 4, "--train_mode=lora", "--lora_rank=8", "--lora_dropout=0.1", "--no-bf16"],
];

const free = 64e6;
const tokens = { first: 0, count: 0 };

function configured(model: string, flags: readonly string[], device: "cpu" | "cuda" = "cpu") {
  const { config } = loadTrainingConfig(undefined, [
    `--model_name_or_path=${model}`,
    `--output_dir=${work}/run`,
    "--train_file=none.jsonl",
    ...(device === "cpu" ? ["--use_cpu"] : []),
    ...flags,
  ]);
  return resolveForDevice(config, { device, bf16: true, pagedMemory: true }).config;
}

test.each(cases)("%s, %d tokens, %d rows %s %s", async (name, length, rows, ...flags) => {
  const directory = path.join(work, name);
  writeEmptyModel(directory, models[name]!);
  const config = configured(directory, flags);
  const place = await fetchBaseModel(config);
  const sequences = Array.from({ length: rows }, () => denseSequence(length));

  const before = hostMemory().liveBytes;
  const rehearsed = rehearseRun({ config, place, tokens, free }, (run) => {
    const { prepared, kept, working } = run.step(sequences);
    const standing = Object.values(run.standing).reduce((sum, bytes) => sum + bytes, 0);
    return { loading: run.loading, standing, peak: standing + prepared + kept + working };
  });
  expect(rehearsedMemory().liveBytes).toBe(0);
  expect(hostMemory().liveBytes).toBe(before);

  const closers: (() => void)[] = [];
  const live = () => hostMemory().liveBytes - before;
  const peak = () => hostMemory().peakBytes - before;
  resetHostPeak();
  const { model } = loadTrainedModel(config, place, tokens);
  const loading = peak();
  const loaded = live();
  const run = {
    config,
    device: "cpu",
    checkpoint: undefined,
    defer: (close: () => void | Promise<void>) => void closers.push(close as () => void),
  } as const;
  const { dtype } = choosePrecision(config);
  const { prepared, pass } = preparePasses(run, model, dtype, { free: free - loaded });
  const update = prepareUpdate(run, model);
  const standing = live();
  resetHostPeak();
  const parts = { config, prepared, objective: crossEntropy, update, pass };
  tidy(() => tryStep(withFullGroup(sequences, pass.groupTokens), parts));
  const measured = { loading, standing, peak: peak() };
  for (const close of closers.reverse()) close();
  dispose(modelTensors(model));

  for (const key of ["loading", "standing", "peak"] as const) {
    const ratio = rehearsed[key] / measured[key];
    expect(ratio, `${key}: ${rehearsed[key]} of ${measured[key]}`).toBeGreaterThan(0.94);
    expect(ratio, `${key}: ${rehearsed[key]} of ${measured[key]}`).toBeLessThan(1.06);
  }
});

const parity = path.resolve(import.meta.dirname, "../../../test/parity/fixtures");
const fixtures = ["families", "experts"]
  .flatMap((topic) => readdirSync(path.join(parity, topic)).map((name) => `${topic}/${name}`))
  .filter((name) => existsSync(path.join(parity, name, "model/config.json")));

test.each(fixtures)("%s is rehearsed for CPU and GPU", async (name) => {
  const model = path.join(parity, name, "model");
  for (const device of ["cpu", "cuda"] as const) {
    for (const flags of [["--train_mode=full"], ["--train_mode=lora", "--bf16"], ["--bits=4"]]) {
      const config = configured(model, flags, device);
      const parts = { config, place: await fetchBaseModel(config), tokens, free };
      const step = rehearseRun(parts, (run) => run.step([denseSequence(24), denseSequence(9)]));
      expect(step.kept, `${device} ${flags}`).toBeGreaterThan(0);
    }
  }
  expect(rehearsedMemory().liveBytes).toBe(0);
});

test("what gives way where memory is short does not keep a run from fitting", async () => {
  const directory = path.join(work, "short");
  writeEmptyModel(directory, models.llama!);
  const config = configured(directory, ["--train_mode=qlora", "--lora_rank=8", "--no-bf16"]);
  const sequences = [denseSequence(64), denseSequence(64)];
  const parts = { config, place: await fetchBaseModel(config), tokens, free, sequences };
  const { needed, estimate } = findMemory({ ...parts, available: 10e9 }, 64);
  expect(estimate.prepared).toBeGreaterThan(0);
  expect(estimate.total).toBeGreaterThan(needed);

  // The process itself, which is part of it, takes a little more from one moment to the next.
  const available = needed + 60e6;
  const fitting = findMemory({ ...parts, available }, 64);
  expect(fitting.needed).toBeLessThan(available);
  expect(fitting.estimate.total).toBeLessThanOrEqual(available);
  expect(fitting.largestBatch).toBeGreaterThanOrEqual(2);

  const none = findMemory({ ...parts, available: needed / 2 }, 64);
  expect(none.estimate.total).toBeGreaterThan(needed / 2);
  expect(none.least).toBeLessThanOrEqual(none.needed);
  expect(none.largestBatch).toBeNull();
});
