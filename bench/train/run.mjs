#!/usr/bin/env node
// How fast and how small is training beside TRL + PEFT on the same work? See README.md here.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { consumedRows, peersPython, preparePeer, runPeer, runTunewright } from "./sides.mjs";
import { ratios, table } from "./table.mjs";

const HELP = `Usage: node bench/train/run.mjs [options]

Fine-tunes the built-in model with Tunewright and with TRL + PEFT, one after the other, on the same
16 conversations, with LoRA and with QLoRA, and prints both sides beside each other.

Options:
  --passes N      passes over the 16 conversations, two optimizer steps each (default 2)
  --modes LIST    lora,qlora (default both)
  --threads N     threads of each side (default 2)
  --only SIDE     tunewright or peer: run one side alone, without a table
  --json FILE     write all figures to FILE
  --work-dir DIR  where runs and the peer's model go (default .tunewright/bench-train)

Environment:
  TUNEWRIGHT_DATA          folder of the data (default ../shared/data beside the checkout)
  TUNEWRIGHT_PEERS_PYTHON  Python with the peers' packages (default: made by bench/peers/setup.sh)
`;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
// Of lora.yaml and qlora.yaml.
const ROWS = 16;
const BATCH = 8;
const SEED = 42;

function parseOptions() {
  const { values } = parseArgs({
    options: {
      passes: { type: "string", default: "2" },
      modes: { type: "string", default: "lora,qlora" },
      threads: { type: "string", default: "2" },
      only: { type: "string" },
      json: { type: "string" },
      "work-dir": { type: "string", default: path.join(root, ".tunewright/bench-train") },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  return {
    passes: Number(values.passes),
    threads: Number(values.threads),
    modes: values.modes.split(","),
    only: values.only,
    json: values.json,
    workDir: path.resolve(values["work-dir"]),
  };
}

/** The first 16 conversations as a file of their own. */
function writeTrainFile(folder) {
  const data = process.env.TUNEWRIGHT_DATA ?? path.join(root, "../shared/data");
  const source = path.join(data, "conversations/moss-003-sft-no-tools.sample.jsonl");
  if (!fs.existsSync(source)) {
    process.stderr.write(
      `error: ${source} does not exist\n  why: the benchmark trains on the MOSS sample\n` +
        "  to do: set TUNEWRIGHT_DATA to the folder that holds conversations/\n",
    );
    process.exit(2);
  }
  const lines = fs.readFileSync(source, "utf8").split("\n").slice(0, ROWS);
  const file = path.join(folder, "first16.jsonl");
  fs.writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}

async function main() {
  const options = parseOptions();
  fs.mkdirSync(options.workDir, { recursive: true });
  const trainFile = writeTrainFile(options.workDir);
  const report = {
    machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length, memoryBytes: os.totalmem() },
    loadAverage: os.loadavg(),
    threads: options.threads,
    passes: options.passes,
    modes: {},
  };
  let python;
  const rowsFile = path.join(options.workDir, "rows.json");
  if (options.only !== "tunewright") {
    const work = { rows: ROWS, batchSize: BATCH, seed: SEED, passes: options.passes };
    fs.writeFileSync(rowsFile, JSON.stringify(await consumedRows(root, trainFile, work)));
    python = peersPython(root);
    await preparePeer(root, python, options);
  }
  for (const mode of options.modes) {
    const result = {};
    report.modes[mode] = result;
    if (options.only !== "peer") {
      result.tunewright = await runTunewright(root, mode, trainFile, options);
    }
    if (python) result.peer = await runPeer(root, python, mode, trainFile, rowsFile, options);
    if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
    if (result.tunewright && result.peer) {
      result.ratios = ratios(result.tunewright, result.peer);
      process.stdout.write(`${table(mode, result.tunewright, result.peer)}\n\n`);
    } else process.stdout.write(`${mode} ${JSON.stringify(result)}\n`);
  }
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}

await main().catch((error) => {
  process.stderr.write(
    `error: ${error.message}\n  to do: see the output above, then run it again\n`,
  );
  process.exitCode = 1;
});
