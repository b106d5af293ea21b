#!/usr/bin/env node
// How fast is deduplication beside text-dedup, with the same clusters? What does it find? See README.md here.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeDocuments } from "./documents.mjs";
import { quality } from "./quality.mjs";
import { judge, nearDuplicates, SCENARIOS, scenarioRows } from "./scenarios.mjs";

const HELP = `Usage: node bench/dedup/run.mjs [options]

Deduplicates the same documents with text-dedup and with Tunewright, one after the other on the same
core, compares the clusters, and measures recall and precision on planted near duplicates.

Options:
  --documents N   how many (default 20000)
  --threshold S   default 0.7
  --core N        the core that both sides are bound to (default 0)
  --only SIDE     tunewright or peer: run one side alone
  --repeat N      runs of each side, in turns; the fastest counts (default 1)
  --skip-quality  leave recall and precision out
  --rows N        different rows of each set that shares much text (default 200)
  --json FILE     write all figures to FILE
  --work-dir DIR  default .tunewright/bench-dedup

Environment:
  TUNEWRIGHT_DEDUP_PYTHON  Python with text_dedup (default: made by bench/dedup/setup.sh)
`;

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const PERMUTATIONS = 250;

function parseOptions() {
  const { values } = parseArgs({
    options: {
      documents: { type: "string", default: "20000" },
      threshold: { type: "string", default: "0.7" },
      core: { type: "string", default: "0" },
      only: { type: "string" },
      repeat: { type: "string", default: "1" },
      rows: { type: "string", default: "200" },
      "skip-quality": { type: "boolean", default: false },
      json: { type: "string" },
      "work-dir": { type: "string", default: path.join(root, ".tunewright/bench-dedup") },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  return { ...values, workDir: path.resolve(values["work-dir"]) };
}

/** Runs a command on one core; its seconds, on the clock and of the processor, and the JSON object that it prints. */
function onOneCore(core, command, args) {
  const settings = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const started = performance.now();
  const script = 'TIMEFORMAT="%U %S"; { time taskset -c "$@" 2>&3; } 3>&2 2>"$0"';
  const times = path.join(os.tmpdir(), `tunewright-bench-${process.pid}`);
  const { status, stdout } = spawnSync("bash", ["-c", script, times, core, command, ...args], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 30,
    env: { ...process.env, ...settings },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${command} ended with exit code ${status}`);
  const wallSeconds = (performance.now() - started) / 1000;
  const [user, system] = fs.readFileSync(times, "utf8").trim().split(" ").map(Number);
  fs.rmSync(times);
  return {
    wallSeconds,
    cpuSeconds: user + system,
    ...JSON.parse(stdout.slice(stdout.indexOf("{"))),
  };
}

function python() {
  const script = path.join(root, "bench/dedup/setup.sh");
  const made = spawnSync(script, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (made.status !== 0) throw new Error("bench/dedup/setup.sh failed");
  return made.stdout.trim();
}

function runPeer(interpreter, file, options) {
  const folder = path.join(options.workDir, "peer");
  fs.rmSync(folder, { recursive: true, force: true });
  const args = ["bench/dedup/peer.py", file, folder, String(PERMUTATIONS), options.threshold];
  return onOneCore(options.core, interpreter, args);
}

function runTunewright(file, flags, options) {
  const out = path.join(options.workDir, "unique.jsonl");
  const args = ["data", "dedup", file, "--out", out, "--threads", "1", "--json", ...flags];
  args.push("--threshold", options.threshold);
  const main = path.join(root, "dist/cli/main.js");
  const result = onOneCore(options.core, process.execPath, [main, ...args]);
  const lines = fs.readFileSync(`${out}.clusters.jsonl`, "utf8").split("\n").filter(Boolean);
  const clusters = lines.map((line) => {
    const { kept, removed } = JSON.parse(line);
    return [kept, ...removed].map((place) => place.line - 1);
  });
  return { ...result, clusters };
}

const fastest = (runs) =>
  runs.reduce((best, run) => (run.wallSeconds < best.wallSeconds ? run : best));

function compare(tunewright, peer, documents) {
  const text = (clusters) => new Set(clusters.map((rows) => rows.join()));
  const [ours, theirs] = [text(tunewright.clusters), text(peer.clusters)];
  const different = [...ours].filter((rows) => !theirs.has(rows)).length;
  const hashing = (side) => side.seconds.signatures ?? side.seconds.MinHashing;
  const total = (side) => side.seconds.total ?? side.seconds.Total;
  const rates = (side) => ({
    signatures: documents / hashing(side),
    total: documents / total(side),
    command: documents / side.wallSeconds,
    cpu: documents / side.cpuSeconds,
  });
  const [own, other] = [rates(tunewright), rates(peer)];
  const ratios = Object.fromEntries(Object.keys(own).map((key) => [key, own[key] / other[key]]));
  return {
    clusters: { tunewright: ours.size, peer: theirs.size },
    sameClusters: different === 0 && ours.size === theirs.size,
    tunewright: own,
    peer: other,
    ratios,
  };
}

async function measureQuality(file, planted, options) {
  const { defaultParameters, jaccardSimilarity, shingleHashes } = await import(
    path.join(root, "dist/curate/dedup/index.js")
  );
  const units = {};
  for (const unit of ["mixed", "character", "word", "ascii"]) {
    const parameters = { ...defaultParameters, shingle: unit };
    const hashes = planted.rows.map(() => undefined);
    const of = (row) => {
      hashes[row] ??= shingleHashes(planted.rows[row].text, parameters);
      return hashes[row];
    };
    const { clusters } = runTunewright(file, ["--yes", "--shingle", unit], options);
    units[unit] = quality(planted, clusters, (one, two) => jaccardSimilarity(of(one), of(two)));
  }
  return units;
}

/** Of each set of different rows that share much text: what stays of them, with and without common text. */
function measureScenarios(options) {
  const count = Number(options.rows);
  const sets = Object.keys(SCENARIOS).map((name) => [name, scenarioRows(name, count)]);
  for (const rate of [0, 0.01, 0.02]) {
    sets.push([`1 system prompt, copies edited by ${100 * rate} %`, nearDuplicates(count, rate)]);
  }
  const file = path.join(options.workDir, "scenario.jsonl");
  const scenarios = {};
  for (const [name, { rows, sources }] of sets) {
    fs.writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const outcome = (flags) => {
      const { clusters } = runTunewright(file, ["--yes", ...flags], options);
      const removed = clusters.flatMap(([kept, ...gone]) => gone.map((row) => [row, kept]));
      return judge(sources, removed);
    };
    scenarios[name] = { distinct: outcome([]), all: outcome(["--compare", "all"]) };
  }
  return scenarios;
}

function printScenarios(scenarios) {
  process.stdout.write(
    "\nrows that share much text                different  kept  wrongly removed  copies missed   --compare all: kept  wrongly removed\n",
  );
  for (const [name, { distinct, all }] of Object.entries(scenarios)) {
    const cells = [
      String(distinct.different).padStart(9),
      String(distinct.kept).padStart(5),
      String(distinct.wrong).padStart(16),
      String(distinct.missed).padStart(14),
      String(all.kept).padStart(21),
      String(all.wrong).padStart(16),
    ];
    process.stdout.write(`${name.padEnd(40)} ${cells.join(" ")}\n`);
  }
}

function printComparison({ clusters, sameClusters, tunewright, peer, ratios }, version) {
  const number = (value) => value.toFixed(0).padStart(10);
  process.stdout.write(
    `clusters: ${clusters.tunewright} and ${clusters.peer} (text-dedup ${version}), ` +
      `${sameClusters ? "the same" : "NOT THE SAME"}\n\n` +
      "documents per second on one core\n" +
      "                          Tunewright text-dedup   ratio\n",
  );
  const names = { signatures: "signatures", total: "read to written", command: "with starting" };
  names.cpu = "per processor second";
  for (const [key, name] of Object.entries(names)) {
    const ratio = `${ratios[key].toFixed(1)}x`.padStart(8);
    process.stdout.write(
      `${name.padEnd(26)}${number(tunewright[key])}${number(peer[key])} ${ratio}\n`,
    );
  }
}

function printQuality(units) {
  for (const [unit, { rates, removed, wrong, precision }] of Object.entries(units)) {
    process.stdout.write(
      `\n--shingle ${unit}: ${removed} removed, ${wrong} of them wrongly, precision ${precision.toFixed(4)}\n` +
        "edited words   English: Jaccard  recall   Chinese: Jaccard  recall\n",
    );
    for (let index = 0; index < rates.length; index += 2) {
      const [english, chinese] = rates.slice(index, index + 2);
      const cells = [english, chinese].map(
        ({ jaccard, recall }) => `${jaccard.toFixed(3)}   ${recall.toFixed(3)}`,
      );
      const rate = `${(100 * english.rate).toFixed(0)}%`;
      process.stdout.write(`${rate.padStart(12)}            ${cells[0]}             ${cells[1]}\n`);
    }
  }
}

async function main() {
  const options = parseOptions();
  const documents = Number(options.documents);
  fs.mkdirSync(options.workDir, { recursive: true });
  const planted = makeDocuments(documents);
  const file = path.join(options.workDir, "documents.jsonl");
  fs.writeFileSync(file, planted.rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const report = {
    machine: { cpu: os.cpus()[0]?.model, cores: os.cpus().length },
    loadAverage: os.loadavg(),
    documents,
    bytes: fs.statSync(file).size,
  };
  spawnSync(path.join(root, "tunewright"), ["setup", "--quiet"], { stdio: "inherit" });
  const interpreter = options.only === "tunewright" ? undefined : python();
  // What text-dedup hashes: its tokens, its permutations.
  const flags = ["--compare", "all", "--yes", "--shingle", "word", "--permutations", "grouped"];
  flags.push("--num-perm", String(PERMUTATIONS));
  const runs = { tunewright: [], peer: [] };
  for (let run = 0; run < Number(options.repeat); run++) {
    if (interpreter) runs.peer.push(runPeer(interpreter, file, options));
    if (options.only !== "peer") runs.tunewright.push(runTunewright(file, flags, options));
  }
  for (const side of Object.keys(runs)) {
    if (runs[side].length === 0) continue;
    const { clusters, ...figures } = fastest(runs[side]);
    report[side] = { ...figures, clusters: clusters.length };
  }
  process.stdout.write(`${documents} documents, ${(report.bytes / 1e6).toFixed(1)} MB\n`);
  if (runs.tunewright.length > 0 && runs.peer.length > 0) {
    const [own, other] = [fastest(runs.tunewright), fastest(runs.peer)];
    report.comparison = compare(own, other, documents);
    printComparison(report.comparison, other.version);
  } else process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (!options["skip-quality"] && options.only !== "peer") {
    report.quality = await measureQuality(file, planted, options);
    printQuality(report.quality);
    report.scenarios = measureScenarios(options);
    printScenarios(report.scenarios);
  }
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (report.comparison && !report.comparison.sameClusters) process.exitCode = 1;
}

await main().catch((error) => {
  process.stderr.write(`error: ${error.message}\n  to do: see the output above\n`);
  process.exitCode = 1;
});
