// Does a real MLflow server take a run, through an outage and a resume, and have each value once? Starts `mlflow server`, logs
// an attempt, stops the server while a second attempt goes on and starts it again, sends what is left with `track`, then asks for all values.
//
//   node bench/tracking/realMlflow.mjs [--steps N]
//
// Makes .tunewright/mlflow (pip install mlflow, about 1 GB) where it is not there; TUNEWRIGHT_MLFLOW_PYTHON names another
// Python that has it. Prints one JSON object, and ends with 1 where a value is missing, twice or another one.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openTrackedRun, stepEvent } from "./trackedRun.mjs";

const { replayRun } = await import("../../src/tracking/index.ts");

const { values } = parseArgs({ options: { steps: { type: "string", default: "300" } } });
const steps = Number(values.steps);
const third = Math.floor(steps / 3);
const python = process.env.TUNEWRIGHT_MLFLOW_PYTHON ?? install();
const work = mkdtempSync(path.join(tmpdir(), "tunewright-mlflow-"));
const port = 20_000 + (process.pid % 20_000);
const address = `http://127.0.0.1:${port}`;
const env = { ...process.env, MLFLOW_TRACKING_URI: address, MLFLOW_EXPERIMENT_NAME: "a bench" };
const said = [];
const say = (line) => void said.push(line);

let server = await startServer();
try {
  const directory = path.join(work, "run");
  const first = openTrackedRun(directory, "mlflow", { env, say });
  for (let step = 1; step <= third; step++) first.write(stepEvent(step));
  await first.close();

  // A third of the steps is done again, and the server is away for a while.
  const second = openTrackedRun(directory, "mlflow", { env, say, resumeStep: third - 20 });
  await stopServer();
  for (let step = third - 19; step <= 2 * third; step++) second.write(stepEvent(step));
  await sleep(3000);
  server = await startServer();
  for (let step = 2 * third + 1; step <= steps; step++) second.write(stepEvent(step));
  second.write({ type: "end", step: steps, reason: "done", epoch: 1, train_loss: 2 });
  await sleep(8000);
  await second.close();
  // What a slow server had not confirmed when the run ended is sent now.
  await replayRun(directory, "mlflow", { env, say });

  const name = encodeURIComponent("a bench");
  const { experiment } = await ask(`experiments/get-by-name?experiment_name=${name}`);
  const body = { experiment_ids: [experiment.experiment_id] };
  const { runs } = await ask("runs/search", body);
  const run = runs[0].info.run_id;
  const query = `run_id=${run}&metric_key=train%2Floss&max_results=25000`;
  const { metrics } = await ask(`metrics/get-history?${query}`);
  const expected = Array.from({ length: steps }, (_, i) => stepEvent(i + 1).loss);
  const found = metrics.map(({ value }) => value);
  const equal = JSON.stringify(found) === JSON.stringify(expected);
  const params = runs[0].data.params.length;
  const status = runs[0].info.status;
  const version = execFileSync(python, ["-c", "import mlflow; print(mlflow.__version__)"]);
  const result = {
    mlflow: String(version).trim(),
    runs: runs.length,
    status,
    params,
    values: found.length,
    equal,
  };
  console.log(JSON.stringify({ ...result, said }, null, 1));
  process.exitCode = equal && runs.length === 1 && status === "FINISHED" ? 0 : 1;
} finally {
  await stopServer();
  rmSync(work, { recursive: true, force: true });
}

function install() {
  const folder = path.resolve(import.meta.dirname, "../../.tunewright/mlflow");
  const made = path.join(folder, "bin/python");
  if (!existsSync(path.join(folder, "bin/mlflow"))) {
    execFileSync("python3", ["-m", "venv", folder], { stdio: "inherit" });
    execFileSync(made, "-m pip install -q mlflow==3.17.2".split(" "), { stdio: "inherit" });
  }
  return made;
}

/** Starts the server and waits until it answers. */
async function startServer() {
  const store = `sqlite:///${path.join(work, "mlflow.db")}`;
  const flags = `-m mlflow server --host 127.0.0.1 --port ${port} --workers 1 --backend-store-uri`;
  const child = spawn(python, [...flags.split(" "), store], {
    stdio: "ignore",
    cwd: work,
    detached: true,
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error("mlflow server ended");
    const isUp = await fetch(`${address}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return child;
    await sleep(500);
  }
}

/** Ends the server with the processes that it has started: its own group. */
async function stopServer() {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  process.kill(-server.pid, "SIGTERM");
  await ended;
}

async function ask(method, body) {
  const request = body
    ? {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }
    : {};
  return (await fetch(`${address}/api/2.0/mlflow/${method}`, request)).json();
}
