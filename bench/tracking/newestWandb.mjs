// Does the newest wandb take our run files? Installs it from PyPI in a Python environment of its own, writes a run that was
// killed and went on, uploads it with `wandb sync` to a local server, and compares what arrived with events.jsonl.
//
//   node bench/tracking/newestWandb.mjs [VERSION]
//
// Prints one JSON object; exit code 1 where a row is missing, twice, or has another value.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openTrackedRun, stepEvent } from "./trackedRun.mjs";

const { startWandbServer } = await import("../../test/unit/wandbServer.ts");
const version = process.argv[2];
const root = path.resolve(import.meta.dirname, "../..");
const venv = path.join(root, ".tunewright", `wandb-${version ?? "newest"}`);
const python = path.join(venv, "bin/python");
if (!existsSync(python)) {
  execFileSync("python3", ["-m", "venv", venv]);
  const wanted = version === undefined ? "wandb" : `wandb==${version}`;
  execFileSync(python, ["-m", "pip", "install", "-q", wanted], { stdio: "inherit" });
}

const directory = mkdtempSync(path.join(tmpdir(), "newest-wandb-"));
// Killed after step 5, while the last checkpoint is that of step 3.
const first = openTrackedRun(directory, "wandb");
for (let step = 1; step <= 5; step++) first.write(stepEvent(step));
const second = openTrackedRun(directory, "wandb", { resumeStep: 3 });
for (let step = 4; step <= 8; step++) second.write(stepEvent(step));
second.write({
  type: "evaluation",
  step: 8,
  eval_loss: 1.5,
  samples: 4,
  labelled_tokens: 9,
  seconds: 2,
});
await second.close();

const server = await startWandbServer();
const folder = path.join(directory, "wandb");
const attempts = readdirSync(folder)
  .filter((name) => name.startsWith("offline-run-"))
  .sort();
const env = {
  ...process.env,
  WANDB_BASE_URL: server.url,
  WANDB_API_KEY: "a".repeat(40),
  HOME: directory,
  WANDB_ERROR_REPORTING: "false",
};
const options = { env, cwd: directory, stdio: ["ignore", "ignore", "inherit"] };
const paths = attempts.map((name) => path.join(folder, name));
const code = await new Promise((resolve) =>
  spawn(path.join(venv, "bin/wandb"), ["sync", "--yes", ...paths], options).on("close", resolve),
);
const id = attempts[0].split("-").at(-1);
const rows = (server.runs.get(id)?.history ?? []).map((line) => JSON.parse(line));
await server.close();

const events = readFileSync(path.join(directory, "events.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line))
  .filter(({ type }) => type === "step" || type === "evaluation");
const sent = rows.map((row) => [
  row._step,
  row["train/global_step"],
  row["train/loss"] ?? row["eval/loss"],
]);
const expected = events.map((event, index) => [index, event.step, event.loss ?? event.eval_loss]);
const same = JSON.stringify(sent) === JSON.stringify(expected);
const shown = execFileSync(python, ["-c", "import wandb; print(wandb.__version__)"])
  .toString()
  .trim();
console.log(
  JSON.stringify({ wandb: shown, attempts: attempts.length, exit: code, rows: sent.length, same }),
);
if (!same) console.error(JSON.stringify({ sent, expected }));
rmSync(directory, { recursive: true, force: true });
process.exitCode = same && code === 0 ? 0 : 1;
