// What does a tracker take of training? Writes step events of a run with each tracker and without, and prints the
// difference in microseconds per event, and its share of a step.
//
//   node bench/tracking/overhead.mjs [TRACKER…] [--events N] [--step SECONDS]
//
// --step is how long a step takes (default 60: SmolLM2-135M, QLoRA, on two cores, bench/train). Trackers run in the thread
// that trains, so their time adds to its. Passes alternate, and the median counts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { openTrackedRun, stepEvent } from "./trackedRun.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: "string", default: "2000" },
    step: { type: "string", default: "60" },
    passes: { type: "string", default: "5" },
  },
});
const count = Number(values.events);
const trackers = positionals.length > 0 ? positionals : ["tensorboard", "wandb"];

/** Microseconds per event. */
async function measure(reportTo) {
  const directory = mkdtempSync(path.join(tmpdir(), "overhead-"));
  const run = openTrackedRun(directory, reportTo);
  run.write(stepEvent(1));
  const begun = performance.now();
  for (let step = 2; step <= count + 1; step++) run.write(stepEvent(step));
  const taken = performance.now() - begun;
  await run.close();
  rmSync(directory, { recursive: true, force: true });
  return (1000 * taken) / count;
}

const median = (numbers) => numbers.sort((one, other) => one - other)[numbers.length >> 1];
const results = { none: [] };
await measure("none");
for (let pass = 0; pass < Number(values.passes); pass++) {
  for (const tracker of ["none", ...trackers]) {
    results[tracker] ??= [];
    results[tracker].push(await measure(tracker));
  }
}
const base = median(results.none);
console.log(`events.jsonl alone: ${base.toFixed(0)} µs per step event`);
for (const tracker of trackers) {
  const more = median(results[tracker]) - base;
  const share = (100 * more) / (Number(values.step) * 1e6);
  console.log(
    `${tracker}: ${more.toFixed(0)} µs more, ${share.toFixed(5)} % of a step of ${values.step} s`,
  );
}
