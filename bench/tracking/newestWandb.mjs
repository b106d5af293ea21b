// Does wandb take our run files? Installs it from PyPI in a Python environment of its own, writes a run that was killed and
// went on, uploads it with `wandb sync` to a local server, and compares what arrived with events.jsonl: once the one file
// of the whole run, and once the files of its attempts.
//
//   node bench/tracking/newestWandb.mjs [VERSION]
//
// Prints one JSON object; exit code 1 where a row is missing, twice, or has another value.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openTrackedRun, stepEvent } from "./trackedRun.mjs";

const { replayRun } = await import("../../src/tracking/index.ts");
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
second.write({ type: "end", step: 8, reason: "done", epoch: 1, train_loss: 2 });
await second.close();

await replayRun(directory, "wandb", { say: () => {}, env: {} });

const foldersIn = (folder) =>
  readdirSync(path.join(directory, folder))
    .filter((name) => name.startsWith("offline-run-"))
    .sort()
    .map((name) => path.join(directory, folder, name));
const attempts = foldersIn("wandb");
const [whole] = foldersIn("wandb/whole");
const shown = execFileSync(python, ["-c", "import wandb; print(wandb.__version__)"])
  .toString()
  .trim();
const isOld = Number(shown.split(".")[1]) < 26;
const flags = isOld ? [] : ["--yes"];

const expected = readFileSync(path.join(directory, "events.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line))
  .filter(({ type }) => ["step", "evaluation", "end"].includes(type))
  .map((event, index) => [index, event.step, event.loss ?? event.eval_loss]);
const result = {
  wandb: shown,
  attempts: attempts.length,
  whole: await sync([[...flags, whole]]),
  // Newer versions add the rows of a file to those that the server has, also of the same file.
  ...(isOld ? { whole_twice: await sync([[whole], [whole]]) } : {}),
  files_of_attempts: await sync([[...flags, ...(isOld ? ["--append"] : []), ...attempts]]),
};
console.log(JSON.stringify(result));
rmSync(directory, { recursive: true, force: true });
const { wandb, attempts: count, ...syncs } = result;
const isSound = Object.values(syncs).every(
  ({ same, codes }) => same && codes.every((c) => c === 0),
);
process.exitCode = isSound ? 0 : 1;

/** What a server has after `wandb sync` with each of the lists of arguments. */
async function sync(commands) {
  const server = await startWandbServer();
  const env = {
    ...process.env,
    WANDB_BASE_URL: server.url,
    WANDB_API_KEY: "a".repeat(40),
    HOME: directory,
    WANDB_ERROR_REPORTING: "false",
  };
  const options = { env, cwd: directory, stdio: ["ignore", "ignore", "inherit"] };
  const codes = [];
  for (const words of commands) {
    for (const file of [whole, ...attempts]) {
      for (const name of readdirSync(file)) {
        if (name.endsWith(".synced")) rmSync(path.join(file, name));
      }
    }
    const child = spawn(path.join(venv, "bin/wandb"), ["sync", ...words], options);
    codes.push(await new Promise((resolve) => child.on("close", resolve)));
  }
  const [run] = server.runs.values();
  const rows = (run?.history ?? []).map((line) => JSON.parse(line));
  await server.close();
  const sent = rows.map((row) => [
    row._step,
    row["train/global_step"],
    row["train/loss"] ?? row["eval/loss"],
  ]);
  const same = JSON.stringify(sent) === JSON.stringify(expected);
  if (!same) console.error(JSON.stringify({ words: commands, sent, expected }));
  return { codes, rows: rows.length, exit: run?.exitCode, same };
}
