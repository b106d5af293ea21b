// A full-size Baichuan2-7B with random weights on this machine, from `pytorch_model.bin` to llama.cpp: check, `<pad>` trap, three
// QLoRA steps of Firefly's configuration on short rows with a kill between, merge, GGUF, llama.cpp. Needs 60 GB of disk.
//
//   node bench/fullsize/run.mjs FOLDER [--model DIR] [--stages check,train,resume,merge,export,llama] [--max-memory 90%] [--type Q4_0]
//
// Each stage prints its time and the most memory that its process had of its own (RssAnon; pages of files that are mapped are not
// counted). The model is made by make_model.py if FOLDER has none, with sentencepiece and protobuf in .tunewright/fullsize.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { register } from "tsx/esm/api";
import { residentBytes } from "../train/process.mjs";

register();

const root = path.resolve(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: "string" },
    stages: { type: "string", default: "check,train,resume,merge,export,llama" },
    type: { type: "string", default: "Q4_0" },
    "max-memory": { type: "string", default: "90%" },
  },
});
if (!positionals[0]) throw new Error("name a folder with 60 GB of free disk");
const work = path.resolve(positionals[0]);
const model = path.resolve(values.model ?? path.join(work, "baichuan2"));
const run = path.join(work, "run");
const merged = path.join(work, "merged");
const gguf = path.join(work, `merged-${values.type}.gguf`);

function makeModel() {
  const python = path.join(root, ".venv/bin/python");
  const packages = path.join(root, ".tunewright/fullsize");
  const steps = [
    ["-m", "pip", "install", "--quiet", "--target", packages, "sentencepiece==0.2.3", "protobuf"],
    [path.join(import.meta.dirname, "make_model.py"), model],
  ];
  for (const words of existsSync(packages) ? steps.slice(1) : steps) {
    const env = { ...process.env, PYTHONPATH: packages };
    const { status } = spawnSync(python, words, { stdio: "inherit", env });
    if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}`);
  }
}

/** Rows of some ten tokens in Firefly's form, since a step of this model is long on a CPU; `odd` stands in the last of them. */
function writeRows(name, odd = "") {
  const turns = [
    ["hi", "hello"],
    ["a token", "a number"],
    ["你好", "你好"],
    ["a run", "it goes on"],
  ];
  const row = (i) => {
    const [human, assistant] = turns[i % turns.length];
    return {
      conversation_id: i,
      conversation: [{ human: `${human} ${i}`, assistant: assistant + (i === 95 ? odd : "") }],
    };
  };
  const file = path.join(work, name);
  writeFileSync(file, Array.from({ length: 96 }, (_, i) => `${JSON.stringify(row(i))}\n`).join(""));
  return file;
}

/** Firefly's QLoRA file; what differs from it is the length of the rows, the steps, and that each step is saved and logged. */
function writeConfig(train_file) {
  const config = {
    output_dir: run,
    model_name_or_path: model,
    train_file,
    template_name: "baichuan2",
    num_train_epochs: 1,
    max_steps: 3,
    per_device_train_batch_size: 16,
    gradient_accumulation_steps: 2,
    learning_rate: 2e-4,
    max_seq_length: 1024,
    logging_steps: 1,
    save_steps: 1,
    save_total_limit: 1,
    lr_scheduler_type: "constant_with_warmup",
    warmup_steps: 1000,
    lora_rank: 64,
    lora_alpha: 16,
    lora_dropout: 0.05,
    bits: 4,
    gradient_checkpointing: true,
    optim: "paged_adamw_32bit",
    seed: 42,
    fp16: true,
    report_to: "none",
    weight_decay: 0,
    max_grad_norm: 0.3,
    max_memory: values["max-memory"],
  };
  const file = path.join(work, "seed.json");
  writeFileSync(file, JSON.stringify(config, null, 2));
  return file;
}

/** Runs a command; `stopAt` looks on and says when it is to be killed. Returns its exit code, time and peak. */
function stage(name, words, { stopAt, expected = 0 } = {}) {
  console.log(`\n== ${name}: ./tunewright ${words.join(" ")}`);
  return new Promise((resolve, reject) => {
    const began = Date.now();
    let peak = 0;
    let killed = false;
    const child = spawn(process.execPath, [path.join(root, "dist/cli/main.js"), ...words], {
      stdio: "inherit",
    });
    const timer = setInterval(() => {
      peak = Math.max(peak, residentBytes(child.pid, "RssAnon"));
      if (stopAt?.()) killed = child.kill("SIGKILL");
    }, 100);
    child.on("close", (code, signal) => {
      clearInterval(timer);
      const took = (Date.now() - began) / 1000;
      console.log(
        `== ${name}: ${signal ?? `exit code ${code}`}, ${took.toFixed(1)} s, peak ${(peak / 1e9).toFixed(2)} GB`,
      );
      if (killed || code === expected) resolve();
      else reject(new Error(`${name} was to end with ${expected}`));
    });
  });
}

const rows = () => writeRows("rows.jsonl");
const fix = "--fix_added_tokens";
const stages = {
  async check() {
    await stage("check", ["check", writeConfig(rows())]);
    const config = writeConfig(writeRows("pad.jsonl", " <pad>"));
    await stage("check of a row with <pad>", ["check", config], { expected: 3 });
    await stage("check with --fix-added-tokens", ["check", config, fix]);
  },
  async train() {
    rmSync(run, { recursive: true, force: true });
    const saved = () => existsSync(run) && readdirSync(run).includes("checkpoint-2");
    const config = writeConfig(writeRows("pad.jsonl", " <pad>"));
    await stage("train, killed after checkpoint 2", ["train", config, fix], { stopAt: saved });
  },
  resume: () => stage("resume", ["train", path.join(work, "seed.json"), fix, "--resume"]),
  async merge() {
    rmSync(merged, { recursive: true, force: true });
    await stage("merge", ["merge", "--model", run, "--out", merged]);
  },
  async export() {
    rmSync(gguf, { force: true });
    await stage("export", [
      "export",
      "--model",
      merged,
      "--to",
      "gguf",
      "--type",
      values.type,
      "--out",
      gguf,
    ]);
  },
  async llama() {
    const { hasLlamaCpp, runLlamaCpp } = await import("../../test/llamaCpp/llamaCpp.ts");
    const { layeredLogits } = await import("../../src/lora/index.ts");
    const { tidy } = await import("../../src/tensor/index.ts");
    if (!(await hasLlamaCpp())) return;
    const prompt = [195, 300, 301, 302, 196];
    const began = Date.now();
    const { outputs } = await runLlamaCpp({ model: gguf, prompts: [{ ids: prompt, count: 8 }] });
    const took = ((Date.now() - began) / 1000).toFixed(1);
    const [made] = outputs;
    console.log(`\n== llama.cpp: loaded, and 8 tokens, in ${took} s: ${made.join(" ")}`);
    // One layer of the same file at a time, in float32.
    const ids = Int32Array.from([...prompt, ...made.slice(0, -1)]);
    const likeliest = tidy(() => {
      const choices = layeredLogits(gguf, [], [ids]).argmax(-1).to({ dtype: "int32" }).bytes();
      return [...new Int32Array(choices.slice().buffer)].slice(prompt.length - 1);
    });
    const same = made.filter((id, i) => id === likeliest[i]).length;
    console.log(`== ${same} of ${made.length} are the likeliest by our own computation too`);
  },
};

mkdirSync(work, { recursive: true });
if (!existsSync(path.join(model, "config.json"))) makeModel();
for (const name of values.stages.split(",")) {
  if (!stages[name])
    throw new Error(`no stage ${name}; there are ${Object.keys(stages).join(", ")}`);
  await stages[name]();
}
