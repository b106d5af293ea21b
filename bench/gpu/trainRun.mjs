// One run of `train` as a process, measured from inside: node bench/gpu/trainRun.mjs SPEC.json
//
// SPEC: { config: {the run's configuration}, warmup: steps not measured, of which the last is logged, observe: "off" |
// "count" | "time" }. With fewer logged steps the host waits for the device less often. The run
// itself is the program's own, by its own configuration; this file only listens to its events. Prints one JSON object:
// losses, tokens a second after the warm-up, peak memory, calls into CUDA a step, operators a step.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const load = (file) => import(pathToFileURL(path.join(root, "dist", file)).href);

const spec = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const tensors = await load("tensor/index.js");
const { loadTrainingConfig } = await load("train/config/index.js");
const train = await load("train/index.js");

const file = `${process.argv[2]}.config.json`;
fs.writeFileSync(file, JSON.stringify(spec.config));
const loaded = loadTrainingConfig(file, []);

const steps = [];
let from;
let until;
const mark = (step) => ({ at: performance.now(), calls: tensors.cudaCounters(), step });
const begin = (step) => {
  tensors.synchronize();
  tensors.resetPeakMemory();
  if (spec.observe !== "off") tensors.observeOperators(spec.observe);
  from = mark(step);
};
const listen = (row) => {
  if (row.type === "start" && spec.warmup === 0) begin(0);
  if (row.type !== "step") return;
  steps.push(row);
  if (row.step === spec.warmup) begin(row.step);
  if (row.step === spec.config.max_steps) {
    tensors.synchronize();
    until = mark(row.step);
    if (spec.observe !== "off") tensors.observeOperators("off");
  }
};
const started = performance.now();
const { summary } = await train.runSft(loaded, {
  readers: [listen],
  say: (line) => process.stderr.write(`${line}\n`),
});

const count = until.step - from.step;
const measured = steps.filter(({ step }) => step > from.step);
const tokens = measured.reduce((sum, row) => sum + row.tokens, 0);
const seconds = (until.at - from.at) / 1000;
const perStep = (after, before) =>
  after &&
  Object.fromEntries(
    Object.entries(after).map(([name, calls]) => [name, (calls - before[name]) / count]),
  );
const operators = tensors
  .observedOperators()
  .map(({ name, calls, seconds: own }) => ({ name, calls: calls / count, seconds: own / count }))
  .sort((a, b) => b.seconds - a.seconds || b.calls - a.calls);
const memory = tensors.memoryStatistics();

process.stdout.write(
  `${JSON.stringify({
    losses: steps.map((row) => row.loss),
    whole_seconds: (performance.now() - started) / 1000,
    seconds,
    seconds_per_step: seconds / count,
    tokens_per_second: tokens / seconds,
    labelled_tokens: measured.reduce((sum, row) => sum + row.labelled_tokens, 0),
    tokens,
    steps: count,
    peak_device_bytes: memory.peakDeviceBytes || null,
    peak_reserved_device_bytes: memory.peakReservedDeviceBytes || null,
    peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
    cuda_calls_per_step: perStep(until.calls, from.calls),
    operators_per_step: spec.observe === "off" ? null : operators.slice(0, 40),
    operator_calls_per_step:
      spec.observe === "off" ? null : operators.reduce((sum, { calls }) => sum + calls, 0),
    operator_seconds_per_step:
      spec.observe === "time" ? operators.reduce((sum, { seconds: own }) => sum + own, 0) : null,
    mfu_reported: summary.mfu,
  })}\n`,
);
