// What fits on which GPU: `check --gpu` on the configurations of four models of 7 and 8 billion weights, for cards of 24, 40
// and 80 GB, with full fine-tuning, LoRA and QLoRA. The models are headers without data, so nothing is downloaded.
//
//   node bench/memory/cards.mjs
//
// Prints a table: what stands in memory all the time, and the largest micro-batch of rows of 1,024 and of 4,096 tokens.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { register } from "tsx/esm/api";

register();
const { writeEmptyModel } = await import("../../src/generate/emptyModel.ts");
const { runCheck } = await import("../../src/cli/check/runCheck.ts");

/** As published in their config.json, without what memory does not depend on. */
const models = {
  "Baichuan-7B": {
    model_type: "baichuan",
    vocab_size: 64000,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
  },
  "Baichuan2-7B": {
    model_type: "baichuan",
    vocab_size: 125696,
    hidden_size: 4096,
    intermediate_size: 11008,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-6,
    tie_word_embeddings: false,
  },
  "Qwen3-8B": {
    model_type: "qwen3",
    vocab_size: 151936,
    hidden_size: 4096,
    intermediate_size: 12288,
    num_hidden_layers: 36,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 128,
    max_position_embeddings: 40960,
    rms_norm_eps: 1e-6,
    rope_theta: 1000000,
    tie_word_embeddings: false,
  },
  "Llama-3.1-8B": {
    model_type: "llama",
    vocab_size: 128256,
    hidden_size: 4096,
    intermediate_size: 14336,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    max_position_embeddings: 131072,
    rms_norm_eps: 1e-5,
    rope_theta: 500000,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    },
    tie_word_embeddings: false,
  },
};

const modes = {
  full: ["--train_mode=full"],
  "full, adamw_8bit": ["--train_mode=full", "--optim=adamw_8bit"],
  "LoRA 64": ["--train_mode=lora", "--lora_rank=64"],
  "QLoRA 64": ["--train_mode=qlora", "--lora_rank=64"],
};
const cards = ["24GB", "40GB", "80GB"];
const lengths = [1024, 4096];

const work = mkdtempSync(path.join(tmpdir(), "tunewright-cards-"));
const data = path.join(work, "rows.jsonl");
const messages = [
  { role: "user", content: "question" },
  { role: "assistant", content: "answer ".repeat(1000) },
];
writeFileSync(data, `${JSON.stringify({ messages })}\n`);

/** The part of the report that is about memory. */
async function memoryOf(model, length, flags, gpu) {
  const { memory } = await runCheck(
    undefined,
    [
      `--model_name_or_path=${model}`,
      `--train_file=${data}`,
      `--output_dir=${work}/run`,
      "--template_name=firefly-classic",
      `--max_seq_length=${length}`,
      "--per_device_train_batch_size=1",
      "--bf16",
      "--report_to=none",
      ...flags,
    ],
    gpu,
  );
  return memory;
}

const print = (cells) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
print(["model", "mode", "always there", ...cards]);
print(["---", "---", "---", ...cards.map(() => "---")]);
for (const [name, config] of Object.entries(models)) {
  const model = path.join(work, name);
  writeEmptyModel(model, config);
  for (const [mode, flags] of Object.entries(modes)) {
    let standing = 0;
    const cells = [];
    for (const card of cards) {
      const batches = [];
      for (const length of lengths) {
        const memory = await memoryOf(model, length, flags, card);
        const { weights, quantized, trained, gradients, optimizer, largest_batch: batch } = memory;
        standing = weights + quantized + trained + gradients + optimizer;
        batches.push(batch === null ? "–" : `${batch.rows}${batch.is_most_tried ? "+" : ""}`);
      }
      cells.push(batches.every((one) => one === "–") ? "–" : batches.join(" / "));
    }
    print([name, mode, `${(standing / 1e9).toFixed(1)} GB`, ...cells]);
  }
  rmSync(model, { recursive: true });
}
rmSync(work, { recursive: true, force: true });
