// Does a QLoRA run that is killed ten times end as one that was never killed? Trains SmolLM2-135M in 4 bits on conversations of MOSS,
// once straight and once with `kill -9` again and again, and compares losses, gradient norms and weights bit for bit. While the
// second run goes on, its curves are looked at in TensorBoard's own page (bench/tracking/tensorboardPage.mjs).
//
//   node bench/faults/killedTimes.mjs --rows FILE [--kills 10] [--steps 20] [--length 64] [--picture OUT.png] [--work DIR]
//
// FILE is in a format that training reads, such as MOSS's moss-003-sft. Prints one JSON object: kills, steps done twice, seconds
// from the start of each --resume to its first step, the share of checkpoints in the time of a run with save_steps 100, and what
// the page showed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

const root = path.resolve(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    rows: { type: "string" },
    kills: { type: "string", default: "10" },
    steps: { type: "string", default: "20" },
    length: { type: "string", default: "64" },
    picture: { type: "string" },
    work: { type: "string" },
  },
});
if (!values.rows) {
  process.stderr.write(
    "usage: killedTimes.mjs --rows FILE [--kills N] [--steps N] [--picture PNG]\n",
  );
  process.exit(2);
}
const work = values.work ?? mkdtempSync(path.join(tmpdir(), "tunewright-killed-"));
const kills = Number(values.kills);
const say = (text) => process.stderr.write(`${text}\n`);

/** Starts training in a directory. */
function train(directory, ...more) {
  const words = [
    path.join(root, "dist/cli/main.js"),
    "train",
    "--model_name_or_path=builtin:smollm2-135m",
    `--train_file=${values.rows}`,
    `--output_dir=${path.join(work, directory)}`,
    "--bits=4",
    "--lora_rank=8",
    "--lora_dropout=0.05",
    `--max_seq_length=${values.length}`,
    "--per_device_train_batch_size=1",
    "--gradient_accumulation_steps=1",
    "--learning_rate=1e-3",
    `--max_steps=${values.steps}`,
    "--logging_steps=1",
    "--save_steps=1",
    "--save_total_limit=2",
    "--check_rows=none",
    "--on_error=skip",
    "--report_to=tensorboard,wandb",
    ...more,
  ];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"] });
  const started = performance.now();
  const run = { child, text: "", firstStep: undefined, onStep: () => {} };
  child.stderr.on("data", (text) => {
    run.text += text;
    const steps = run.text.match(/^step \d+\/\d+ {2}/gm)?.length ?? 0;
    if (steps > 0) run.firstStep ??= (performance.now() - started) / 1000;
    run.onStep(steps);
  });
  run.ended = new Promise((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal })),
  );
  return run;
}

const rowsOf = (directory, file = "events.jsonl") =>
  readFileSync(path.join(work, directory, file), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

function figuresOf(directory) {
  const weights = readFileSync(path.join(work, directory, "adapter_model.safetensors"));
  return {
    weights: createHash("sha256").update(weights).digest("hex"),
    steps: rowsOf(directory)
      .filter(({ type }) => type === "step")
      .map(({ step, loss, grad_norm, tokens }) => ({ step, loss, grad_norm, tokens })),
  };
}

async function killedRun() {
  const recovery = [];
  let picture;
  for (let killed = 0; killed <= kills; killed++) {
    const run = train("killed", "--resume");
    const isLast = killed === kills;
    // One or two steps on, and not always at the same moment of a step.
    const wanted = 1 + (killed % 2);
    run.onStep = (steps) => {
      if (isLast || steps < wanted || run.isDoomed) return;
      run.isDoomed = true;
      setTimeout(() => run.child.kill("SIGKILL"), (killed * 67) % 400);
    };
    if (values.picture && killed === kills - 2) picture = lookAtPage();
    const { code, signal } = await run.ended;
    if (!isLast && signal !== "SIGKILL")
      throw new Error(`ended before kill ${killed + 1}: ${run.text}`);
    if (isLast && code !== 0) throw new Error(run.text);
    if (killed > 0) recovery.push(run.firstStep ?? null);
    say(
      `${isLast ? "done" : `kill ${killed + 1}`}: ${run.text.match(/^step \d+\/\d+ {2}/gm)?.at(-1) ?? "no step"}`,
    );
  }
  return { recovery, page: await picture };
}

/** The run in TensorBoard's own page, while it goes on. */
function lookAtPage() {
  const script = path.join(root, "bench/tracking/tensorboardPage.mjs");
  const words = [script, path.join(work, "killed/runs"), path.resolve(values.picture)];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve(code === 0 ? JSON.parse(text) : `ended with ${code}`));
  });
}

/** Share of saving in a run with save_steps 100, from the times of a run that saved at each step. */
function checkpointShare(directory) {
  const rows = rowsOf(directory);
  const saves = rows.filter(({ type }) => type === "checkpoint").map(({ seconds }) => seconds);
  const { train_runtime: seconds, steps } = rows.findLast(({ type }) => type === "end");
  const mean = saves.reduce((sum, one) => sum + one, 0) / saves.length;
  const step = seconds / steps;
  return { save_seconds: mean, step_seconds: step, share: mean / (100 * step + mean) };
}

const straight = train("straight");
const { code } = await straight.ended;
if (code !== 0) throw new Error(straight.text);
say("the straight run is done");
const { recovery, page } = await killedRun();
const [one, two] = [figuresOf("straight"), figuresOf("killed")];
const isSame = JSON.stringify(one) === JSON.stringify(two);
const redone = readdirSync(path.join(work, "killed"))
  .filter((name) => name.startsWith("events.cut-"))
  .flatMap((name) => rowsOf("killed", name).filter(({ type }) => type === "step")).length;
const report = {
  is_same: isSame,
  kills,
  steps: two.steps.length,
  steps_done_twice: redone,
  recovery_seconds: recovery,
  checkpoints: checkpointShare("straight"),
  losses: two.steps.map(({ loss }) => loss),
  weights: two.weights,
  page,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
if (!values.work) rmSync(work, { recursive: true });
process.exitCode = isSame ? 0 : 1;
