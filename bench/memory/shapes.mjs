// Does a run take the memory that check says? Eight shapes that differ in what takes the most, each 1 to 3 GB: what check
// estimates, what the process had at its peak while it trained a step, and what its tensors had. Models are of zeros.
//
//   node bench/memory/shapes.mjs [--only NAME,…] [--json]
//
// Prints a table. Both sides get the same max_memory, since what is kept depends on the memory that is free. Needs 5 GB and,
// on two quiet cores, some minutes.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs, promisify } from "node:util";
import { register } from "tsx/esm/api";

register();
const { writeEmptyModel } = await import("../../src/generate/emptyModel.ts");

const root = path.resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, json: { type: "boolean", default: false } },
});

const llama = (changes) => ({
  model_type: "llama",
  vocab_size: 16000,
  hidden_size: 1024,
  intermediate_size: 2816,
  num_hidden_layers: 8,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  max_position_embeddings: 4096,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
  ...changes,
});

const bf16 = ["--bf16"];
const shapes = [
  { name: "full", config: llama({}), length: 512, rows: 2, flags: ["--train_mode=full"] },
  {
    name: "full-8bit-vocabulary",
    config: llama({ vocab_size: 40000, num_hidden_layers: 4 }),
    length: 512,
    rows: 2,
    flags: ["--train_mode=full", "--optim=adamw_8bit"],
  },
  {
    name: "lora",
    config: llama({ num_hidden_layers: 20 }),
    length: 1024,
    rows: 1,
    flags: [...bf16, "--lora_rank=64", "--lora_dropout=0.05"],
  },
  {
    name: "lora-all-kept-long",
    config: llama({ num_hidden_layers: 10 }),
    length: 3072,
    rows: 1,
    flags: [...bf16, "--lora_rank=16", "--no-gradient_checkpointing"],
  },
  {
    name: "dora",
    config: llama({ num_hidden_layers: 12 }),
    length: 768,
    rows: 1,
    flags: ["--no-bf16", "--lora_rank=16", "--use_dora"],
    // Rows of zeros have no direction: all weights are 0.0078.
    bits: 0x3c00,
  },
  {
    name: "qlora-large-batch",
    config: llama({ num_hidden_layers: 10, hidden_size: 2048, intermediate_size: 5632 }),
    length: 128,
    rows: 16,
    flags: [...bf16, "--bits=4", "--lora_rank=64"],
  },
  {
    name: "gemma2-soft-caps",
    config: llama({
      model_type: "gemma2",
      head_dim: 128,
      num_hidden_layers: 6,
      query_pre_attn_scalar: 128,
      sliding_window: 1024,
      attn_logit_softcapping: 50,
      final_logit_softcapping: 30,
      hidden_activation: "gelu_pytorch_tanh",
      tie_word_embeddings: true,
      vocab_size: 64000,
    }),
    length: 1024,
    rows: 1,
    flags: [...bf16, "--lora_rank=16"],
  },
  {
    name: "baichuan2-norm-head",
    config: llama({
      model_type: "baichuan",
      vocab_size: 125696,
      num_hidden_layers: 4,
      num_key_value_heads: 16,
      model_max_length: 4096,
    }),
    length: 512,
    rows: 2,
    flags: [...bf16, "--lora_rank=64"],
  },
];

const work = mkdtempSync(path.join(tmpdir(), "tunewright-shapes-"));
const run = promisify(execFile);

/** The last line of a program's output, as JSON. */
async function answer(script, words) {
  const options = { cwd: root, maxBuffer: 1 << 26 };
  const { stdout } = await run(process.execPath, [script, ...words], options);
  return JSON.parse(stdout.slice(stdout.indexOf("{")));
}

const results = [];
for (const { name, config, length, rows, flags, bits } of shapes) {
  if (values.only && !values.only.split(",").includes(name)) continue;
  const model = path.join(work, "model");
  writeEmptyModel(model, config, bits);
  const data = path.join(work, "rows.jsonl");
  const text = "answer ".repeat(length / 4);
  const row = {
    messages: [
      { role: "user", content: "question" },
      { role: "assistant", content: text },
    ],
  };
  writeFileSync(data, `${JSON.stringify(row)}\n`.repeat(rows));
  const words = [
    `--model_name_or_path=${model}`,
    `--output_dir=${work}/run`,
    `--train_file=${data}`,
    "--template_name=firefly-classic",
    `--max_seq_length=${length}`,
    `--per_device_train_batch_size=${rows}`,
    "--learning_rate=1e-4",
    "--max_steps=1",
    "--max_memory=4GB",
    "--use_cpu",
    "--report_to=none",
    "--save_strategy=no",
    ...flags,
  ];
  const { memory } = await answer(path.join(root, "dist/cli/main.js"), [
    "check",
    ...words,
    "--json",
  ]);
  const measured = await answer(path.join(root, "bench/memory/trainOnce.mjs"), words);
  rmSync(path.join(work, "run"), { recursive: true, force: true });
  const tensors = memory.total - memory.runtime - memory.fragmentation;
  const ratio = (one, other) => Math.round((1000 * one) / other) / 1000;
  results.push({
    shape: name,
    peak_of: memory.peak_of,
    estimate: memory.total,
    measured: measured.resident,
    ratio: ratio(memory.total, measured.resident),
    tensors_estimate: tensors,
    tensors_measured: measured.tensors,
    tensors_ratio: ratio(tensors, measured.tensors),
  });
  if (!values.json) process.stderr.write(`${JSON.stringify(results.at(-1))}\n`);
}
rmSync(work, { recursive: true, force: true });

if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
else {
  const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
  const lines = results.map((one) =>
    [
      one.shape,
      gigabytes(one.estimate),
      gigabytes(one.measured),
      one.ratio.toFixed(2),
      one.tensors_ratio.toFixed(3),
      one.peak_of,
    ].join(" | "),
  );
  process.stdout.write(
    `| shape | estimate | measured | ratio | of tensors alone | peak in |\n|---|---|---|---|---|---|\n${lines
      .map((line) => `| ${line} |\n`)
      .join("")}`,
  );
}
