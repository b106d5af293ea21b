// What does a tracker take of training? Writes step events of a run with each tracker and without, and prints the
// difference in microseconds per event, and its share of a step.
//
//   node bench/tracking/overhead.mjs [TRACKER…] [--events N] [--step SECONDS] [--passes N] [--silent-server]
//
// --step is how long a step takes (default 60: SmolLM2-135M, QLoRA, on two cores, bench/train). Trackers run in the thread
// that trains, so their time adds to its. Passes alternate, and the shortest counts, since others use the machine.
// With --silent-server, wandb uploads at the same time to a server that takes connections and never answers.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
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
    "silent-server": { type: "boolean", default: false },
  },
});
const count = Number(values.events);
const trackers = positionals.length > 0 ? positionals : ["tensorboard", "wandb"];

const silent = createServer(() => {});
const env = {};
if (values["silent-server"]) {
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  env.WANDB_BASE_URL = `http://127.0.0.1:${silent.address().port}`;
  env.WANDB_API_KEY = "key";
}

/** Microseconds per event. */
async function measure(reportTo) {
  const directory = mkdtempSync(path.join(tmpdir(), "overhead-"));
  const run = openTrackedRun(directory, reportTo, { env });
  run.write(stepEvent(1));
  const begun = performance.now();
  for (let step = 2; step <= count + 1; step++) run.write(stepEvent(step));
  const taken = performance.now() - begun;
  await run.close();
  rmSync(directory, { recursive: true, force: true });
  return (1000 * taken) / count;
}

const results = { none: [] };
await measure("none");
for (let pass = 0; pass < Number(values.passes); pass++) {
  for (const tracker of ["none", ...trackers]) {
    results[tracker] ??= [];
    results[tracker].push(await measure(tracker));
  }
}
const base = Math.min(...results.none);
console.log(`events.jsonl alone: ${base.toFixed(0)} µs per step event`);
for (const tracker of trackers) {
  const more = Math.min(...results[tracker]) - base;
  const share = (100 * more) / (Number(values.step) * 1e6);
  console.log(
    `${tracker}: ${more.toFixed(0)} µs more, ${share.toFixed(5)} % of a step of ${values.step} s`,
  );
}
silent.closeAllConnections();
silent.close();
