// Does a long run need more and more memory? Trains a tiny model with evaluations, sample answers, a dialogue, checkpoints and
// trackers, and prints what the process has in memory at every so many steps.
//
//   node bench/memory/growth.mjs [--steps 2400] [--every 200] [--without eval,samples,save,trackers] [--heap MB] [-- FLAG…]
//
// --without leaves parts out, to find which of them grows; --heap limits JavaScript's old space, since V8 collects late where it
// has room; flags behind -- go to train. Prints one JSON object: resident megabytes by step, and the slope over the second half in bytes a step.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { register } from "tsx/esm/api";

register();
const { writeTestModel } = await import("../../src/generate/testModel.ts");

const root = path.resolve(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "2400" },
    every: { type: "string", default: "200" },
    without: { type: "string", default: "" },
    heap: { type: "string" },
  },
});
const steps = Number(values.steps);
const every = Number(values.every);
const isWith = (part) => !values.without.split(",").includes(part);

const work = mkdtempSync(path.join(tmpdir(), "tunewright-growth-"));
mkdirSync(work, { recursive: true });
const rows = (name, count) => {
  const file = path.join(work, name);
  const row = (i) => ({
    messages: [
      { role: "user", content: `question ${i}` },
      { role: "assistant", content: `answer ${i} `.repeat(1 + (i % 4)) },
    ],
  });
  writeFileSync(
    file,
    Array.from({ length: count }, (_, i) => `${JSON.stringify(row(i))}\n`).join(""),
  );
  return file;
};
const dialogue = path.join(work, "dialogue.txt");
writeFileSync(dialogue, "hi\nand then?\n");
const model = writeTestModel();
const run = path.join(work, "run");
const words = [
  `--model_name_or_path=${model}`,
  `--output_dir=${run}`,
  `--train_file=${rows("rows.jsonl", 3000)}`,
  "--template_name=firefly-classic",
  "--max_seq_length=48",
  "--per_device_train_batch_size=4",
  "--lora_rank=4",
  "--lora_dropout=0.1",
  "--use_cpu",
  `--max_steps=${steps}`,
  "--logging_steps=1",
  ...(isWith("eval")
    ? [`--eval_file=${rows("held-out.jsonl", 20)}`, "--eval_strategy=steps", "--eval_steps=50"]
    : []),
  ...(isWith("samples")
    ? ["--sample_prompts=hi", `--sample_dialogue=${dialogue}`, "--sample_max_new_tokens=8"]
    : []),
  ...(isWith("save") ? ["--save_steps=50", "--save_total_limit=2"] : ["--save_strategy=no"]),
  ...(isWith("trackers") ? ["--report_to=tensorboard,wandb,csv"] : ["--report_to=none"]),
  ...positionals,
];
const heap = values.heap === undefined ? "" : `--max-old-space-size=${values.heap}`;
const child = spawn(process.execPath, [path.join(root, "dist/cli/main.js"), "train", ...words], {
  stdio: ["ignore", "ignore", "inherit"],
  env: { ...process.env, WANDB_MODE: "offline", NODE_OPTIONS: heap },
});
const code = await new Promise((resolve) => child.on("close", resolve));
if (code !== 0) process.exit(1);

const resident = readFileSync(path.join(run, "events.jsonl"), "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line))
  .filter(({ type }) => type === "step")
  .map(({ step, rss_bytes }) => [step, rss_bytes]);
const late = resident.filter(([step]) => step > steps / 2);
const mean = (index) => late.reduce((sum, point) => sum + point[index], 0) / late.length;
const [x, y] = [mean(0), mean(1)];
const slope =
  late.reduce((sum, [step, bytes]) => sum + (step - x) * (bytes - y), 0) /
  late.reduce((sum, [step]) => sum + (step - x) ** 2, 0);
const at = resident.filter(([step]) => step % every === 0);
const megabytes = Object.fromEntries(at.map(([step, bytes]) => [step, Math.round(bytes / 1e6)]));
process.stdout.write(`${JSON.stringify({ megabytes, bytes_per_step: Math.round(slope) })}\n`);
rmSync(work, { recursive: true, force: true });
