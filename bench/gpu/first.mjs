// What bench/gpu/first.sh runs: parts in order, each with its limit, into one JSON file (docs/gpu.md).
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lastObject, runParts, runProgram, writeReport } from "./parts.mjs";
import { large, loraFlops, rehearsed, tiny } from "./shapes.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rehearse: { type: "boolean", default: false },
    seconds: { type: "string", default: "570" },
    parts: { type: "string" },
    started: { type: "string" },
  },
});
const rehearse = flags.rehearse;
const folder = path.resolve(positionals[0] ?? process.env.OUT ?? path.join(root, "output/gpu"));
fs.mkdirSync(folder, { recursive: true });
// Models of 15 GB do not belong among the results; memory is where they are written and read fastest.
const roomy = (place) => {
  const { bavail, bsize } = fs.statfsSync(place);
  return bavail * bsize > 40e9;
};
const inMemory = !flags.rehearse && fs.existsSync("/dev/shm") && roomy("/dev/shm");
const work = fs.mkdtempSync(path.join(inMemory ? "/dev/shm" : os.tmpdir(), "tunewright-gpu-"));
const runtimeFile = path.join(root, ".tunewright/runtime.json");
/** The Python that was named, else the one this checkout was set up with, else the machine's. */
const python =
  process.env.TUNEWRIGHT_PYTHON ??
  (fs.existsSync(runtimeFile)
    ? JSON.parse(fs.readFileSync(runtimeFile, "utf8")).python
    : "python3");
const peers = process.env.TUNEWRIGHT_PEERS_PYTHON ?? python;
const device = rehearse ? "cpu" : "cuda:0";
const counters = path.join(work, "cudaCounters.so");
const LORA = { r: 16, lora_alpha: 32, lora_dropout: 0, target_modules: "all-linear" };

const report = {
  started: new Date().toISOString(),
  started_ms: Number(flags.started ?? Date.now()),
  rehearsal: rehearse,
  device,
  limit_seconds: Number(flags.seconds),
  parts: {},
};
const file = path.join(folder, "first.json");
const write = () => writeReport(file, report);

/** Calls into CUDA are counted in every program that is measured. */
function counted() {
  return fs.existsSync(counters) ? { LD_PRELOAD: counters } : {};
}

/** Runs one of the programs beside this file and returns the JSON object it prints last. */
async function result(command, args, context, env = {}) {
  const ended = await runProgram(command, args, { deadline: context.deadline, cwd: root, env });
  fs.appendFileSync(
    path.join(folder, "log.txt"),
    `$ ${command} ${args.join(" ")}\n${ended.stderr}\n`,
  );
  const object = lastObject(ended.stdout);
  if (!object) throw new Error(`${args[0]} printed no result`);
  return object;
}

function capture(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", timeout: 60_000 });
  return status === 0 ? stdout.trim() : null;
}

function environment() {
  const script = `import importlib.metadata as m, json, sys
names = ["torch", "transformers", "peft", "accelerate", "bitsandbytes", "trl", "triton", "numpy"]
found = {n: next((d.version for d in m.distributions(name=n)), None) for n in names}
import torch
print(json.dumps({"python": sys.version.split()[0], "packages": found, "cuda": torch.version.cuda, "gpus": torch.cuda.device_count()}))`;
  const query = "--query-gpu=name,memory.total,memory.used,driver_version,clocks.sm";
  return {
    gpu: capture("nvidia-smi", [query, "--format=csv,noheader"]),
    node: process.versions.node,
    python: lastObject(capture(python, ["-c", script]) ?? "") ?? null,
    compiler: capture("c++", ["--version"])?.split("\n")[0] ?? null,
    nvcc: capture("nvcc", ["--version"])?.split("\n").at(-2) ?? null,
    cmake: capture("cmake", ["--version"])?.split("\n")[0] ?? null,
    cores: os.availableParallelism(),
    memory_bytes: os.totalmem(),
    shared_memory: capture("df", ["-B1", "--output=avail", "/dev/shm"])?.split("\n").at(-1) ?? null,
    disk: capture("df", ["-B1", "--output=avail", os.tmpdir()])?.split("\n").at(-1) ?? null,
  };
}

async function build(context) {
  const compiled = spawnSync(
    "cc",
    ["-shared", "-fPIC", "-O2", "-o", counters, path.join(here, "cudaCounters.c"), "-ldl"],
    { encoding: "utf8" },
  );
  const { seconds, stderr } = await runProgram(
    process.execPath,
    [path.join(root, "scripts/setup.mjs"), "--no-model"],
    { deadline: context.deadline, cwd: root, env: { TUNEWRIGHT_PYTHON: python } },
  );
  const runtime = JSON.parse(fs.readFileSync(runtimeFile, "utf8"));
  return {
    setup_seconds: seconds,
    said: stderr.trim().split("\n").slice(-5),
    counts_cuda_calls: compiled.status === 0,
    torch: runtime.torchVersion,
    bitsandbytes: path.basename(runtime.bitsandbytesCudaLib ?? runtime.bitsandbytesCpuLib ?? ""),
  };
}

async function makeModel(name, shape, dtype, context) {
  const place = path.join(work, name);
  const args = [path.join(here, "make_model.py"), place, "--config", JSON.stringify(shape)];
  const made = await result(peers, [...args, "--dtype", dtype, "--device", device], context);
  return { place, ...made };
}

/** Conversations of random letters, as JSON Lines. @param characters of the answer of each row */
function writeRows(name, rows, characters) {
  let state = 12345;
  const next = (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const letters = "abcdefghijklmnopqrstuvwxyz ";
  const text = (length) => Array.from({ length }, () => letters[next(letters.length)]).join("");
  const lines = Array.from({ length: rows }, (_, i) =>
    JSON.stringify({
      messages: [
        { role: "user", content: text(8) },
        { role: "assistant", content: text(characters(i, next)) },
      ],
    }),
  );
  const place = path.join(work, `${name}.jsonl`);
  fs.writeFileSync(place, `${lines.join("\n")}\n`);
  return place;
}

/** Ids and labels of the rows in the order in which `train` takes them. */
async function consumedRows(name, data, model, config, rows, context) {
  const args = [path.join(root, "dist/cli/main.js"), "data", "preview", data, "--json"];
  args.push("--model", model, "--limit", String(rows));
  args.push("--max-seq-length", String(config.max_seq_length));
  const { rows: encoded } = await result(process.execPath, args, context);
  const { planBatches } = await import(path.join(root, "dist/data/index.js"));
  const batchSize = config.per_device_train_batch_size;
  const plan = planBatches({ rows, batchSize, seed: config.seed });
  // Each epoch has an order of its own.
  const ordered = Array.from({ length: config.max_steps }, (_, number) => plan.microBatch(number))
    .flatMap((batch) => batch.rows)
    .map((row) => ({ input_ids: encoded[row].input_ids, labels: encoded[row].labels }));
  const place = path.join(work, `${name}.rows.json`);
  fs.writeFileSync(place, JSON.stringify(ordered));
  return place;
}

const configuration = (name, values) => ({
  output_dir: path.join(work, `out-${name}`),
  gradient_checkpointing: true,
  gradient_accumulation_steps: 1,
  lr_scheduler_type: "constant",
  optim: "adamw_torch",
  weight_decay: 0,
  max_grad_norm: 1,
  logging_steps: 1,
  save_strategy: "no",
  report_to: "none",
  disable_tqdm: true,
  seed: 42,
  use_cpu: device === "cpu",
  ...values,
});

/** The adapter of the runs, in the configuration's names. */
const adapterKeys = {
  lora_rank: LORA.r,
  lora_alpha: LORA.lora_alpha,
  lora_dropout: LORA.lora_dropout,
  lora_target: "all",
};

/** One run of ours. @param observe what trainRun.mjs notes of operators */
async function ours(name, config, context, { warmup, observe = "off" }) {
  fs.rmSync(config.output_dir, { recursive: true, force: true });
  const spec = path.join(work, `${name}.json`);
  fs.writeFileSync(spec, JSON.stringify({ config, warmup, observe }));
  return result(process.execPath, [path.join(here, "trainRun.mjs"), spec], context, counted());
}

/** Runs of the peer in one process, by name. */
async function theirs(name, specs, context) {
  const spec = path.join(work, `${name}.peer.json`);
  fs.writeFileSync(spec, JSON.stringify(specs));
  const runs = {};
  const onLine = (line) => {
    if (!line.startsWith("{")) return;
    const run = JSON.parse(line);
    runs[run.name] = run;
  };
  const args = [path.join(here, "peer.py"), spec];
  try {
    const options = { deadline: context.deadline, cwd: root, env: counted(), onLine };
    await runProgram(peers, args, options);
  } catch (error) {
    if (Object.keys(runs).length === 0) throw error;
    runs.failed = String(error.message).slice(-1500);
  }
  return runs;
}

/** Largest relative difference of two rows of losses. */
function lossDifference(mine, others) {
  return Math.max(...mine.map((loss, i) => Math.abs(loss - others[i]) / Math.abs(others[i])));
}

const LOSS_STEPS = 20;
// float32: sums in another order, over 20 steps. bfloat16: 8 bits of a product, and roundings at other places.
const LOSS_BOUNDS = { float32: 1e-4, bfloat16: 2e-2 };

async function losses(context) {
  const model = (await makeModel("tiny", tiny, "float32", context)).place;
  const rows = 32;
  const data = writeRows("tiny", rows, (_, next) => 20 + next(rehearse ? 40 : 200));
  const base = {
    model_name_or_path: model,
    train_file: data,
    max_seq_length: 256,
    per_device_train_batch_size: 4,
    max_steps: LOSS_STEPS,
    learning_rate: 1e-3,
  };
  const compared = {};
  let rowsFile;
  for (const mode of ["lora", "full"]) {
    const runs = [];
    for (const dtype of ["float32", "bfloat16"]) {
      const name = `${mode}-${dtype}`;
      const adapter = mode === "lora" ? adapterKeys : {};
      const values = { ...base, ...adapter, train_mode: mode, bf16: dtype === "bfloat16" };
      const config = configuration(name, values);
      rowsFile ??= await consumedRows("tiny", data, model, config, rows, context);
      const run = { name, mode, dtype, adapter: null };
      if (mode === "lora") {
        // A step of no length leaves the adapter that a run begins with.
        const start = { ...values, max_steps: 1, learning_rate: 1e-30 };
        const first = configuration(`${name}-start`, start);
        await ours(`${name}-start`, first, context, { warmup: 0 });
        run.adapter = first.output_dir;
      }
      run.ours = await ours(name, config, context, { warmup: 0 });
      compared[name] = { ours: run.ours.losses };
      context.note({ compared });
      runs.push(run);
    }
    const specs = runs.map(({ name, dtype, adapter }) => ({
      name,
      mode,
      dtype,
      adapter,
      model,
      rows: rowsFile,
      device,
      lora: LORA,
      batch: 4,
      steps: LOSS_STEPS,
      warmup: 0,
      learning_rate: 1e-3,
      max_grad_norm: 1,
      checkpointing: false,
    }));
    const peer = await theirs(`losses-${mode}`, specs, context);
    for (const { name, dtype, ours: mine } of runs) {
      const bound = LOSS_BOUNDS[dtype];
      const theirLosses = peer[name]?.losses;
      const found = theirLosses ? lossDifference(mine.losses, theirLosses) : null;
      const ok = found !== null && found <= bound;
      Object.assign(compared[name], {
        theirs: theirLosses ?? peer.failed,
        difference: found,
        bound,
        ok,
      });
    }
    context.note({ compared });
  }
  return { steps: LOSS_STEPS, ok: Object.values(compared).every(({ ok }) => ok) };
}

/** Settings of a measurement of a large shape. */
function measured(name) {
  const shape = (rehearse ? rehearsed : large)[name];
  const length = rehearse ? 64 : 1024;
  const batch = rehearse ? 2 : 8;
  // Every `warmup` steps one is logged, which waits for the device; the others do not.
  const [warmup, steps] = rehearse ? [2, 4] : name === "1b" ? [4, 16] : [3, 9];
  return { shape, length, batch, warmup, steps };
}

const models = {};

/** The model and data of a large shape, made once. */
async function prepared(name, context) {
  const { shape, length, batch } = measured(name);
  models[name] ??= await makeModel(name, shape, "bfloat16", context);
  const rows = batch * 4;
  const data = writeRows(name, rows, () => length + 50);
  const config = (run, values = {}) =>
    configuration(`${name}-${run}`, {
      model_name_or_path: models[name].place,
      train_file: data,
      max_seq_length: length,
      per_device_train_batch_size: batch,
      max_steps: measured(name).steps,
      logging_steps: measured(name).warmup,
      learning_rate: 1e-4,
      ...adapterKeys,
      bf16: true,
      ...values,
    });
  return { model: models[name], data, rows, config };
}

/** Peak rate of the products in bfloat16 as measured, for MFU. */
const peakRate = () => report.parts.peak?.bfloat16;

function withMfu(name, run) {
  const { shape, length } = measured(name);
  const { tokens, labelled_tokens: labelled, seconds } = run;
  const flops = loraFlops(shape, { rank: LORA.r, tokens, labelledTokens: labelled, length });
  const peak = peakRate();
  return { ...run, flops_per_second: flops / seconds, mfu: peak ? flops / seconds / peak : null };
}

async function shapePart(name, context) {
  const { length, batch, warmup, steps } = measured(name);
  const { model, data, rows, config } = await prepared(name, context);
  context.note({ made: model, tokens_per_step: length * batch });
  const runs = {};
  for (const mode of ["lora", "qlora"]) {
    const values = mode === "qlora" ? { bits: 4 } : {};
    try {
      const run = await ours(`${name}-${mode}`, config(mode, values), context, { warmup });
      runs[mode] = withMfu(name, run);
    } catch (error) {
      if (error.timedOut) throw error;
      runs[mode] = { failed: String(error.message).slice(-2000) };
    }
    context.note({ ours: runs });
    if (mode === "qlora") break;
    const rowsFile = await consumedRows(name, data, model.place, config("lora"), rows, context);
    const peer = await theirs(
      name,
      [true, false].map((checkpointing) => ({
        name: checkpointing ? "checkpointing" : "without checkpointing",
        checkpointing,
        mode: "lora",
        dtype: "bfloat16",
        adapter: null,
        model: model.place,
        rows: rowsFile,
        batch,
        steps,
        warmup,
        learning_rate: 1e-4,
        max_grad_norm: 1,
        device,
        lora: LORA,
      })),
      context,
    );
    const per = (run) =>
      run.tokens_per_second && {
        ...run,
        ratio: runs.lora.tokens_per_second / run.tokens_per_second,
      };
    const compared = Object.fromEntries(
      Object.entries(peer).map(([key, run]) => [key, per(run) ?? run]),
    );
    context.note({
      theirs: compared,
      qlora_peer: "transformers' QLoRA needs bitsandbytes, which is not there",
    });
  }
  return {};
}

async function profile(context) {
  const { warmup } = measured("1b");
  const { config } = await prepared("1b", context);
  const run = { warmup, observe: "time" };
  const timed = await ours(
    "profile",
    config("profile", { max_steps: warmup + 2, logging_steps: 1 }),
    context,
    run,
  );
  return { model: "1b", mode: "lora", ...timed };
}

// A rehearsal may run on a slow machine that others use; the whole keeps its limit all the same.
const seconds = (most, least) => ({ seconds: rehearse ? 3 * most : most, least });
const script = (name, ...args) => [path.join(here, name), ...args];
const needs = { needs: ["build"] };
const parts = [
  { name: "environment", ...seconds(60, 5), run: environment },
  { name: "build", ...seconds(200, 20), run: build },
  {
    name: "checks",
    ...seconds(90, 5),
    ...needs,
    run: (context) => result(process.execPath, script("checks.mjs", device), context, counted()),
  },
  { name: "losses", ...seconds(120, 20), ...needs, run: losses },
  {
    name: "peak",
    ...seconds(30, 5),
    ...needs,
    run: (context) => result(process.execPath, script("peak.mjs", device), context),
  },
  { name: "1b", ...seconds(140, 30), ...needs, run: (context) => shapePart("1b", context) },
  { name: "7b", ...seconds(240, 60), ...needs, run: (context) => shapePart("7b", context) },
  { name: "profile", ...seconds(60, 15), ...needs, run: profile },
];
const chosen = flags.parts?.split(",");
if (chosen) report.parts.build = { status: "done", seconds: 0, why: "only chosen parts ran" };

// The report's own limits leave what is running a moment to end.
process.on("SIGTERM", () => {
  fs.rmSync(work, { recursive: true, force: true });
  process.exit(143);
});
try {
  await runParts(
    parts.filter(({ name }) => !chosen || chosen.includes(name)),
    { report, seconds: Number(flags.seconds), write },
  );
} finally {
  fs.rmSync(work, { recursive: true, force: true });
}
report.seconds = (Date.now() - report.started_ms) / 1000;
write();
for (const [name, { status, seconds: taken, why }] of Object.entries(report.parts)) {
  process.stdout.write(
    `${name.padEnd(12)} ${status.padEnd(12)} ${taken.toFixed(1).padStart(6)} s${why ? `  ${why.split("\n")[0]}` : ""}\n`,
  );
}
process.stdout.write(`${file}\n`);
