/** What check advises where memory is short is true: with it, the run fits. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeEmptyModel } from "../../generate/emptyModel.js";
import { runCheck } from "./runCheck.js";

const work = mkdtempSync(path.join(tmpdir(), "tunewright-advice-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const rows = path.join(work, "rows.jsonl");
const messages = [
  { role: "user", content: "question" },
  { role: "assistant", content: "answer ".repeat(200) },
];
writeFileSync(rows, `${JSON.stringify({ messages })}\n`.repeat(32));
const model = path.join(work, "model");
writeEmptyModel(model, {
  model_type: "llama",
  vocab_size: 8000,
  hidden_size: 1024,
  intermediate_size: 2816,
  num_hidden_layers: 16,
  num_attention_heads: 16,
  num_key_value_heads: 8,
  max_position_embeddings: 4096,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: false,
});

/** The finding about memory of a run on a GPU of that size, and the report. */
async function memoryOf(gpu: string, flags: readonly string[]) {
  const given = [
    `--model_name_or_path=${model}`,
    `--train_file=${rows}`,
    `--output_dir=${work}/run`,
    "--template_name=firefly-classic",
    "--report_to=none",
    "--save_strategy=no",
    "--bf16",
  ];
  const report = await runCheck(undefined, [...given, ...flags], gpu);
  return { ...report.memory, finding: report.findings.find(({ what }) => /memory/.test(what)) };
}

/** Advice as flags: `optim adamw_8bit` is `--optim=adamw_8bit`. */
function asFlags(advice: string): string[] {
  return advice.split(" with ").map((words) => {
    const [key, value] = words.split(" ");
    return `--${key}=${value}`;
  });
}

const keyOf = (flag: string) => flag.replace(/^--(no-)?/, "").split("=")[0];

test.each([
  [
    "full fine-tuning",
    "3.5GB",
    ["--train_mode=full", "--max_seq_length=1024", "--per_device_train_batch_size=2"],
  ],
  [
    "values that are all kept",
    "3GB",
    [
      "--lora_rank=8",
      "--no-gradient_checkpointing",
      "--max_seq_length=1024",
      "--per_device_train_batch_size=16",
    ],
  ],
])("each setting that is named for %s makes it fit", async (_, gpu, flags) => {
  const { finding, total, available } = await memoryOf(gpu, flags);
  expect(total).toBeGreaterThan(available);
  expect(finding?.todo).toMatch(/fits/);
  const advice = finding!
    .todo!.replace("one of these fits: ", "")
    .replace(/ fits$/, "")
    .split("; ");
  expect(advice.length).toBeGreaterThan(0);
  for (const one of advice) {
    const changed = asFlags(one);
    const keys = changed.map(keyOf);
    const kept = flags.filter((flag) => !keys.includes(keyOf(flag)));
    const after = await memoryOf(gpu, [...kept, ...changed]);
    expect(after.finding, one).toBeUndefined();
  }
});

test("what cannot fit is said, with what is needed", async () => {
  const { finding, largest_batch } = await memoryOf("1GB", [
    "--train_mode=full",
    "--max_seq_length=256",
  ]);
  expect(largest_batch).toBeNull();
  expect(finding?.blocking).toBe(true);
  expect(finding?.todo).toMatch(/^no setting fits: \d.*GB are needed/);
});

test("a GPU that is not here is no CPU, and no share of one", async () => {
  await expect(memoryOf("24GB", ["--use_cpu"])).rejects.toThrow(/use_cpu/);
  await expect(memoryOf("50%", [])).rejects.toThrow(/--gpu 50% is a share/);
  await expect(memoryOf("much", [])).rejects.toThrow(/--gpu much is not an amount/);
});
