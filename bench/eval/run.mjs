#!/usr/bin/env node
// How fast is evaluation beside lm-evaluation-harness's HF backend, and are the answers the same? See README.md here.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { lastLineOf, startSide } from "../askedSide.mjs";
import { compare, table, totals } from "./table.mjs";

const HELP = `Usage: node bench/eval/run.mjs [options]

Evaluates the built-in model with Tunewright and with lm-evaluation-harness's HF backend, task by task
in turn, on the same weights and questions, and prints speed, scores and how many answers agree.

Options:
  --tasks LIST    default: three subjects of C-Eval, one of MMLU, and GSM8K
  --limit N       the first N questions of each task (default: all of multiple choice, 8 of GSM8K)
  --rounds N      times that each task is done; medians count (default 1)
  --dtype TYPE    float32 or bfloat16 (default float32)
  --batch N       the harness's batch size (default 1, which is its own)
  --threads N     threads of each side (default 2)
  --data DIR      the benchmarks (default ../shared/data/benchmarks beside the checkout)
  --json FILE     write all figures to FILE
  --work-dir DIR  where the model goes (default .tunewright/bench-eval)
`;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const MULTIPLE_CHOICE = [
  "ceval-valid_computer_network",
  "ceval-valid_high_school_biology",
  "ceval-valid_law",
  "mmlu_abstract_algebra",
];
const GENERATION = "gsm8k";
const GENERATED = 8;

function parseOptions() {
  const data = process.env.TUNEWRIGHT_DATA ?? path.join(root, "../shared/data");
  const { values } = parseArgs({
    options: {
      tasks: { type: "string", default: [...MULTIPLE_CHOICE, GENERATION].join() },
      limit: { type: "string" },
      rounds: { type: "string", default: "1" },
      dtype: { type: "string", default: "float32" },
      batch: { type: "string", default: "1" },
      threads: { type: "string", default: "2" },
      data: { type: "string", default: path.join(data, "benchmarks") },
      json: { type: "string" },
      "work-dir": { type: "string", default: path.join(root, ".tunewright/bench-eval") },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  if (!fs.existsSync(values.data)) {
    process.stderr.write(
      `error: ${values.data} does not exist\n  why: the benchmark asks questions of C-Eval, MMLU and GSM8K\n` +
        "  to do: name their folder with --data\n",
    );
    process.exit(2);
  }
  return {
    ...values,
    tasks: values.tasks.split(","),
    limit: values.limit === undefined ? null : Number(values.limit),
    rounds: Number(values.rounds),
    workDir: path.resolve(values["work-dir"]),
  };
}

/** The built-in model in a folder that both sides read, written by Tunewright once; builds that first. */
function modelFolder({ workDir }) {
  lastLineOf(path.join(root, "tunewright"), ["--version"]);
  const folder = path.join(workDir, "smollm2-135m");
  if (fs.existsSync(path.join(folder, "config.json"))) return folder;
  fs.mkdirSync(workDir, { recursive: true });
  const args = [
    "export",
    "--model",
    "builtin:smollm2-135m",
    "--to",
    "safetensors",
    "--out",
    folder,
  ];
  lastLineOf(path.join(root, "tunewright"), [...args, "--dtype", "float32", "--json"]);
  return folder;
}

async function main() {
  const options = parseOptions();
  const python = lastLineOf(path.join(root, "bench/peers/setup.sh"), []);
  const folder = modelFolder(options);
  const given = [folder, options.data, options.dtype];
  const ours = await startSide(process.execPath, ["bench/eval/tunewright.mjs", ...given], options);
  const peer = await startSide(
    python,
    ["bench/eval/peer.py", ...given, options.batch, options.threads],
    options,
  );
  // The first products prepare weights and threads.
  const warm = { task: options.tasks[0], limit: 1 };
  await ours.ask(warm);
  await peer.ask(warm);
  const results = [];
  for (const task of options.tasks) {
    const limit = options.limit ?? (task.startsWith(GENERATION) ? GENERATED : null);
    const [own, others] = [[], []];
    for (let round = 0; round < options.rounds; round++) {
      const sides = [async () => own.push(await ours.ask({ task, limit }))];
      sides.push(async () => others.push(await peer.ask({ task, limit })));
      if ((round + results.length) % 2 === 1) sides.reverse();
      for (const side of sides) await side();
    }
    const result = compare(task, own, others);
    results.push(result);
    process.stdout.write(table(result));
  }
  ours.end();
  peer.end();
  process.stdout.write(totals(results, options));
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

await main();
