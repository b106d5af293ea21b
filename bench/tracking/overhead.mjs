// What does a tracker take of training? Writes step events of a run with each tracker and without, and prints for each what an
// event costs more: time of the thread that trains, and processor time of all threads, with their shares of a step.
//
//   node bench/tracking/overhead.mjs [CASE…] [--events N] [--step SECONDS] [--passes N]
//
// A case is a tracker, or TRACKER:live (it uploads to a server of this machine, in a process of its own) or TRACKER:silent
// (to a server that takes connections and never answers). Default: tensorboard csv wandb and wandb, mlflow both ways.
// --step is how long a step takes (default 60: SmolLM2-135M, QLoRA, on two cores, bench/train). Passes alternate, and the
// shortest counts, since others use the machine. Processor time is that of N further events: the start of the uploading
// thread and the end of the run do not count.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openTrackedRun, stepEvent } from "./trackedRun.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: "string", default: "2000" },
    step: { type: "string", default: "60" },
    passes: { type: "string", default: "3" },
    serve: { type: "boolean", default: false },
  },
});
if (values.serve) await serve();
else await compare();

async function compare() {
  const usual = "tensorboard csv wandb wandb:live wandb:silent mlflow:live mlflow:silent";
  const cases = ["none", ...(positionals.length > 0 ? positionals : usual.split(" "))];
  const count = Number(values.events);
  const server = fork(fileURLToPath(import.meta.url), ["--serve"]);
  const addresses = await new Promise((resolve) => server.once("message", resolve));
  const found = new Map(cases.map((name) => [name, []]));
  await measure("none", count, addresses);
  for (let pass = 0; pass < Number(values.passes); pass++) {
    for (const name of cases) {
      const short = await measure(name, count, addresses);
      const long = await measure(name, 2 * count, addresses);
      found.get(name).push({
        thread: Math.min(short.thread / count, long.thread / (2 * count)),
        short: short.processor,
        long: long.processor,
      });
    }
  }
  server.kill();
  const least = (name, key) => Math.min(...found.get(name).map((one) => one[key]));
  const processor = (name) => (least(name, "long") - least(name, "short")) / count;
  const [thread, all] = [least("none", "thread"), processor("none")];
  console.log(
    `events.jsonl alone: ${thread.toFixed(0)} µs of its thread, ${all.toFixed(0)} µs of all`,
  );
  const share = (more) => `${((100 * more) / (Number(values.step) * 1e6)).toFixed(5)} %`;
  for (const name of cases.slice(1)) {
    const more = least(name, "thread") - thread;
    const allMore = processor(name) - all;
    console.log(
      `${name}: ${more.toFixed(0)} µs more of its thread (${share(more)} of a step of ${values.step} s), ` +
        `${allMore.toFixed(0)} µs more of all (${share(allMore)})`,
    );
  }
}

/** Microseconds in which the thread that trains wrote the events, and of the processor for the whole run. */
async function measure(name, count, addresses) {
  const [tracker, server] = name.split(":");
  const address = addresses[server === "silent" ? "silent" : tracker];
  const env = server === undefined ? {} : environment(address);
  const directory = mkdtempSync(path.join(tmpdir(), "overhead-"));
  const before = process.cpuUsage();
  const run = openTrackedRun(directory, tracker, { env });
  run.write(stepEvent(1));
  const begun = performance.now();
  for (let step = 2; step <= count + 1; step++) run.write(stepEvent(step));
  const thread = 1000 * (performance.now() - begun);
  await run.close();
  const { user, system } = process.cpuUsage(before);
  rmSync(directory, { recursive: true, force: true });
  return { thread, processor: user + system };
}

function environment(address) {
  return {
    WANDB_BASE_URL: address,
    WANDB_API_KEY: "key",
    MLFLOW_TRACKING_URI: address,
    no_proxy: "*",
  };
}

/** The servers, in a process of their own, so that their work is not counted. */
async function serve() {
  const { startWandbServer } = await import("../../test/unit/wandbServer.ts");
  const { startMlflow } = await import("../../test/unit/mlflowServer.ts");
  const silent = createServer(() => {});
  await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
  process.send({
    wandb: (await startWandbServer()).url,
    mlflow: (await startMlflow()).address,
    silent: `http://127.0.0.1:${silent.address().port}`,
  });
}
