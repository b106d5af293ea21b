// The two sides of the benchmark, each as { seconds, tokens, tokensPerSecond, peakBytes, steps }.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { lastJson, measure } from "./process.mjs";

function threadSettings(threads) {
  return { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
}

function readEvents(folder) {
  const lines = fs.readFileSync(path.join(folder, "events.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** Tunewright: `train` on bench/train/<mode>.yaml. */
export async function runTunewright(root, mode, trainFile, options) {
  const folder = path.join(options.workDir, `tunewright-${mode}`);
  fs.rmSync(folder, { recursive: true, force: true });
  const args = ["train", path.join("bench/train", `${mode}.yaml`), "--json"];
  args.push("--train_file", trainFile, "--output_dir", folder);
  args.push("--max_steps", String(options.passes * 2));
  const { stdout, peakTreeBytes } = await measure(path.join(root, "tunewright"), args, {
    cwd: root,
    env: threadSettings(options.threads),
  });
  const summary = lastJson(stdout);
  const events = readEvents(folder);
  let last = events.find((event) => event.type === "start").time;
  const steps = events
    .filter((event) => event.type === "step")
    .map(({ step, loss, grad_norm, tokens, labelled_tokens, time }) => {
      const seconds = time - last;
      last = time;
      return { step, loss, grad_norm, tokens, labelled_tokens, seconds };
    });
  return {
    seconds: summary.train_runtime,
    tokens: summary.tokens,
    labelledTokens: summary.labelled_tokens,
    tokensPerSecond: summary.tokens_per_second,
    peakBytes: Math.max(summary.peak_rss_bytes, peakTreeBytes),
    ownPeakBytes: summary.peak_rss_bytes,
    steps,
  };
}

/** What Tunewright trains on: ids and labels of the file's rows, in the order in which it takes them. */
export async function consumedRows(root, trainFile, { rows, batchSize, seed, passes }) {
  const args = ["data", "preview", trainFile, "--json", "--model", "builtin:smollm2-135m"];
  args.push("--limit", String(rows), "--max-seq-length", "1024");
  const { stdout } = await measure(path.join(root, "tunewright"), args, { cwd: root, env: {} });
  const encoded = lastJson(stdout).rows;
  const { planBatches } = await import(path.join(root, "dist/data/index.js"));
  const plan = planBatches({ rows, batchSize, seed });
  const batches = Array.from({ length: passes * plan.microBatchesPerEpoch }, (_, number) =>
    plan.microBatch(number),
  );
  return batches.flatMap((batch) =>
    batch.rows.map((row) => ({ input_ids: encoded[row].input_ids, labels: encoded[row].labels })),
  );
}

/** The interpreter of the peers' environment, made on first use. */
export function peersPython(root) {
  const setup = path.join(root, "bench/peers/setup.sh");
  const { status, stdout } = spawnSync(setup, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error("the peers' environment could not be made");
  return stdout.trim().split("\n").at(-1);
}

/** Writes the built-in model as a Hugging Face directory, in a process whose memory is not counted. */
export async function preparePeer(root, python, options) {
  const args = ["bench/train/peer.py", "prepare", "--work-dir", options.workDir];
  args.push("--builtin", path.join(root, ".tunewright/models/smollm2-135m-instruct-q4_1.gguf"));
  await measure(python, args, { cwd: root, env: {} });
}

/** TRL's SFTTrainer with PEFT on rows that lie in the order of consumption. */
export async function runPeer(root, python, mode, data, rowsFile, options) {
  const args = ["bench/train/peer.py", "train", "--work-dir", options.workDir, "--mode", mode];
  args.push(
    "--data",
    data,
    "--passes",
    String(options.passes),
    "--threads",
    String(options.threads),
  );
  if (rowsFile) args.push("--rows", rowsFile);
  const { stdout, peakTreeBytes } = await measure(python, args, {
    cwd: root,
    env: threadSettings(options.threads),
  });
  const result = lastJson(stdout);
  return {
    seconds: result.seconds,
    tokens: result.tokens,
    labelledTokens: result.labelled_tokens,
    tokensPerSecond: result.tokens_per_second,
    peakBytes: Math.max(result.peak_rss_bytes, peakTreeBytes),
    ownPeakBytes: result.peak_rss_bytes,
    rowsDiffering: result.rows_differing,
    versions: result.versions,
    steps: result.steps,
  };
}
