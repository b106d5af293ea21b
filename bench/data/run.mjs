#!/usr/bin/env node
// How soon does the first batch come, how much memory does it take, how fast are conversations tokenised? See README.md here.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lastJson, measure } from "../train/process.mjs";
import { writeFile } from "./generate.mjs";

const HELP = `Usage: node bench/data/run.mjs [options]

Generates a file of conversations and reads it with Tunewright and with Hugging Face's datasets and
tokenizers, each question in a process of its own. Prints both sides, and the limits of issue 4.

Options:
  --rows N        conversations (default 300000; the file then has over 2 GB, or as much as --rows asks for)
  --threads N     threads that tokenise, on each side (default: the cores)
  --workers N     Tunewright's reading threads, which share those (default 1, as training on few cores)
  --batches N     micro-batches of 8 whose tokens are counted (default 1500)
  --texts N       texts for the tokenizers alone (default 10000)
  --only SIDE     tunewright or peer
  --json FILE     write all figures to FILE
  --work-dir DIR  where the file is made (default: the system's temporary folder); removed afterwards

Environment:
  TUNEWRIGHT_PEERS_PYTHON  Python with the peers' packages (default: made by bench/peers/setup.sh)
`;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const here = path.join(root, "bench/data");
const BATCH = 8;
const MAX_LENGTH = 2048;
const SEED = 20;
const FULL_ROWS = 300_000;
const FULL_BYTES = 2.05e9;

function parseOptions() {
  const { values } = parseArgs({
    options: {
      rows: { type: "string", default: String(FULL_ROWS) },
      threads: { type: "string", default: String(os.availableParallelism()) },
      workers: { type: "string", default: "1" },
      batches: { type: "string", default: "1500" },
      texts: { type: "string", default: "10000" },
      only: { type: "string" },
      json: { type: "string" },
      "work-dir": { type: "string", default: os.tmpdir() },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  return {
    only: values.only,
    json: values.json,
    workDir: path.resolve(values["work-dir"]),
    rows: Number(values.rows),
    threads: Number(values.threads),
    workers: Number(values.workers),
    batches: Number(values.batches),
    texts: Number(values.texts),
  };
}

function peersPython() {
  const named = process.env.TUNEWRIGHT_PEERS_PYTHON;
  if (named) return named;
  const result = spawnSync("bash", [path.join(root, "bench/peers/setup.sh")], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (result.status !== 0) throw new Error("the peers' packages could not be installed");
  return result.stdout.trim().split("\n").at(-1);
}

/** Runs a question; adds the peak memory of its whole tree of processes. */
async function ask(side, question, settings, env) {
  const args = [question, JSON.stringify(settings)];
  const [command, script] =
    side === "tunewright"
      ? [process.execPath, path.join(here, "tunewright.mjs")]
      : [settings.python, path.join(here, "peer.py")];
  process.stderr.write(`${side}: ${question}\n`);
  const { stdout, peakTreeBytes } = await measure(command, [script, ...args], { cwd: root, env });
  return { ...lastJson(stdout), peakBytes: peakTreeBytes };
}

async function runTunewright(settings, env) {
  const result = {};
  result.idle = await ask("tunewright", "idle", settings, env);
  result.cold = await ask("tunewright", "first", settings, env);
  result.indexed = await ask("tunewright", "first", settings, env);
  result.resume = await ask("tunewright", "resume", settings, env);
  const { cursor } = await ask("tunewright", "resumePacked", settings, env);
  result.resumePacked = await ask("tunewright", "resumePacked", { ...settings, cursor }, env);
  result.feed = await ask("tunewright", "feed", settings, env);
  result.tokenize = await ask("tunewright", "tokenize", settings, env);
  return result;
}

async function runPeer(settings, env) {
  const result = {};
  result.cold = await ask("peer", "first", settings, env);
  result.indexed = await ask("peer", "first", settings, env);
  result.resume = await ask("peer", "resume", settings, env);
  result.feed = await ask("peer", "feed", settings, env);
  result.tokenize = await ask("peer", "tokenize", settings, env);
  return result;
}

const seconds = (value) => (value === undefined ? "" : `${value.toFixed(2)} s`);
const megabytes = (value) => (value === undefined ? "" : `${Math.round(value / 1e6)} MB`);
const rate = (value) => (value === undefined ? "" : `${(value / 1e6).toFixed(2)} M tokens/s`);

function table({ tunewright: own, peer }) {
  const rows = [
    ["", "Tunewright", "datasets, tokenizers", "limit"],
    ["first batch, nothing cached", seconds(own?.cold.seconds), seconds(peer?.cold.seconds), "5 s"],
    [
      "first batch, index or cache there",
      seconds(own?.indexed.seconds),
      seconds(peer?.indexed.seconds),
      "1 s",
    ],
    ["resume in the middle", seconds(own?.resume.seconds), seconds(peer?.resume.seconds), "1 s"],
    ["resume in the middle, packed", seconds(own?.resumePacked.seconds), "", "1 s"],
    [
      "peak memory while tokenising",
      megabytes(own?.feed.peakBytes),
      megabytes(peer?.feed.peakBytes),
      "300 MB",
    ],
    [
      "peak memory, first batch cold",
      megabytes(own?.cold.peakBytes),
      megabytes(peer?.cold.peakBytes),
      "300 MB",
    ],
    [
      "rows to ids and labels",
      rate(own?.feed.tokensPerSecond),
      rate(peer?.feed.tokensPerSecond),
      "",
    ],
    [
      "tokenizer alone, same texts",
      rate(own?.tokenize.tokensPerSecond),
      rate(peer?.tokenize.tokensPerSecond),
      "the peer's",
    ],
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

async function main() {
  const options = parseOptions();
  const folder = fs.mkdtempSync(path.join(options.workDir, "tunewright-bench-data-"));
  const removeFolder = () => fs.rmSync(folder, { recursive: true, force: true });
  process.on("exit", removeFolder);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
  const file = path.join(folder, "conversations.jsonl");
  const bytes = options.rows >= FULL_ROWS ? FULL_BYTES : 0;
  process.stderr.write(`generating ${options.rows} conversations\n`);
  const made = await writeFile(file, options.rows, bytes, SEED);
  const tokenizer = path.join(folder, "tokenizer");
  const textsFile = path.join(folder, "texts.json");
  const common = {
    file,
    tokenizer,
    threads: options.threads,
    batches: options.batches,
    workers: options.workers,
    batchSize: BATCH,
    maxLength: MAX_LENGTH,
    texts: textsFile,
    at: Math.floor(made.rows / BATCH / 2) + 7,
  };
  const env = {
    TUNEWRIGHT_CACHE: path.join(folder, "index"),
    RAYON_NUM_THREADS: String(options.threads),
    OMP_NUM_THREADS: String(options.threads),
    HF_DATASETS_CACHE: path.join(folder, "datasets"),
    HF_HUB_OFFLINE: "1",
  };
  // The first question must find no index: texts come from a file of its own.
  const small = path.join(folder, "small.jsonl");
  await writeFile(small, Math.min(options.texts, made.rows), 0, SEED);
  await ask(
    "tunewright",
    "prepare",
    { file: small, tokenizer, texts: options.texts, textsFile },
    env,
  );
  const report = {
    machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, memoryBytes: os.totalmem() },
    loadAverage: os.loadavg(),
    file: made,
    threads: options.threads,
  };
  if (options.only !== "peer") report.tunewright = await runTunewright(common, env);
  if (options.only !== "tunewright") {
    const python = peersPython();
    report.peer = await runPeer({ ...common, python, cache: path.join(folder, "datasets") }, env);
  }
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (report.tunewright) {
    const idle = megabytes(report.tunewright.idle.peakBytes);
    process.stdout.write(
      `of Tunewright's memory, ${idle} are Node and the program before any data\n`,
    );
  }
  const size = `${made.rows} conversations, ${(made.bytes / 1e9).toFixed(2)} GB, ${options.threads} threads`;
  process.stdout.write(`${size}\n${table(report)}\n`);
  if (report.peer) {
    const minutes = (report.peer.feed.allRowsSeconds / 60).toFixed(1);
    process.stdout.write(
      `datasets would map all rows in ${minutes} minutes before the first step\n`,
    );
  }
}

await main().catch((error) => {
  process.stderr.write(
    `error: ${error.message}\n  to do: see the output above, then run it again\n`,
  );
  process.exitCode = 1;
});
