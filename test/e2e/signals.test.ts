/** A run of a tiny model that nobody looks at any more, or that signals reach. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { readEvents } from "../../src/train/index.js";
import { lockHolder } from "../../src/util/fileLock.js";
import { shellWord } from "../../src/util/shellWord.js";

const root = path.resolve(import.meta.dirname, "../..");
const rows = path.join(root, "test/parity/fixtures/run-version-0/rows.jsonl");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-signals-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

let made = 0;
const main = path.join(root, "dist/cli/main.js");

/** A run that does not exist yet, and the words that start it. */
function newRun(steps: number) {
  const run = path.join(work, `run-${++made}`);
  const words = [
    main,
    "train",
    `--model_name_or_path=${model}`,
    `--train_file=${rows}`,
    `--output_dir=${run}`,
    "--template_name=firefly-classic",
    "--max_seq_length=48",
    "--lora_rank=2",
    "--use_cpu",
    `--max_steps=${steps}`,
    "--logging_steps=1",
    "--save_strategy=no",
  ];
  return { run, words };
}

/** Starts a run; `reached` gives what it has said once `text` is a part of it. */
function train(steps: number, stdio: ["ignore", "ignore", "pipe" | number], env = {}) {
  const { run, words } = newRun(steps);
  const child: ChildProcess = spawn(process.execPath, words, {
    stdio,
    env: { ...process.env, OMP_NUM_THREADS: "1", ...env },
  });
  let said = "";
  child.stderr?.on("data", (text) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const reached = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => said.includes(text) && resolve();
      child.stderr?.on("data", look);
      look();
    });
  return { run, child, ended, reached, said: () => said };
}

const checkpoints = (run: string) =>
  readdirSync(run).filter((name) => /^checkpoint-\d+$/.test(name));
const eventsOf = (run: string) => readEvents(path.join(run, "events.jsonl"));
const endOf = (run: string) => eventsOf(run).at(-1);

/** Waits until something holds; the limit of the test ends it where it never does. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await wait(20);
}

describe("a run that nobody looks at any more", () => {
  it("goes on where its reader went away", async () => {
    const { run, child, ended, reached } = train(8, ["ignore", "ignore", "pipe"]);
    await reached("step 1/");
    child.stderr?.destroy();
    expect(await ended).toBe(0);
    expect(endOf(run)).toMatchObject({ type: "end", reason: "done", step: 8 });
    expect(existsSync(path.join(run, "adapter_model.safetensors"))).toBe(true);
  }, 120_000);

  it("goes on where the disk under its standard error is full", async () => {
    const { run, ended } = train(3, ["ignore", "ignore", openSync("/dev/full", "w")]);
    expect(await ended).toBe(0);
    expect(endOf(run)).toMatchObject({ reason: "done", step: 3 });
  }, 120_000);
});

describe("a run that a signal reaches", () => {
  it("saves and goes on by SIGUSR1, and saves and stops by SIGHUP", async () => {
    const { run, child, ended, reached, said } = train(1_000_000, ["ignore", "ignore", "pipe"]);
    await reached("step 1/");
    child.kill("SIGUSR1");
    await reached("between SIGTERM and SIGKILL");
    child.kill("SIGHUP");
    expect(await ended).toBe(130);
    expect(said()).toContain("SIGHUP: ");
    expect(checkpoints(run).length).toBeGreaterThan(0);
    expect(endOf(run)).toMatchObject({ reason: "stopped" });
  }, 120_000);

  it("leaves an ignored signal ignored, as under nohup", async () => {
    const ignored = { TUNEWRIGHT_IGNORED_SIGNALS: "0000000000000001" };
    const { run, child, ended, reached } = train(6, ["ignore", "ignore", "pipe"], ignored);
    await reached("step 1/");
    child.kill("SIGHUP");
    expect(await ended).toBe(0);
    expect(endOf(run)).toMatchObject({ reason: "done", step: 6 });
  }, 120_000);
});

const hasTerminals = spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

describe("a terminal", () => {
  it.skipIf(!hasTerminals)(
    "that is closed has the run saved and stopped",
    async () => {
      const { run, words } = newRun(1_000_000);
      const command = [process.execPath, ...words].map(shellWord).join(" ");
      const terminal = spawn("script", ["-qec", `exec ${command}`, "/dev/null"], {
        stdio: "ignore",
      });
      await until(() => eventsOf(run).some(({ type }) => type === "step"));
      terminal.kill("SIGKILL");
      await until(() => lockHolder(path.join(run, ".train.lock")) === undefined);
      expect(endOf(run)).toMatchObject({ type: "end", reason: "stopped" });
      expect(checkpoints(run)).toHaveLength(1);
    },
    120_000,
  );
});

describe("the launcher, before there is a run", () => {
  it("ends with 130 while the program loads", async () => {
    const [, ...words] = newRun(1).words;
    const child = spawn(path.join(root, "tunewright"), words, { stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("exit", (...how) => resolve(how)));
    // What hears signals is the program's first line; libtorch takes the longest to load.
    await until(() => readFileSync(`/proc/${child.pid}/maps`, "utf8").includes("libtorch"));
    child.kill("SIGTERM");
    expect(await ended).toEqual([130, null]);
  }, 120_000);

  it("ends with 130 while it sets up, and ends the set-up", async () => {
    const folder = mkdtempSync(path.join(work, "launcher-"));
    const started = path.join(folder, "started");
    mkdirSync(path.join(folder, "bin"));
    copyFileSync(path.join(root, "tunewright"), path.join(folder, "tunewright"));
    writeFileSync(
      path.join(folder, "bin/node"),
      `#!/bin/sh\necho $$ >${started}\nexec sleep 600\n`,
    );
    chmodSync(path.join(folder, "bin/node"), 0o755);
    const child = spawn(path.join(folder, "tunewright"), ["train"], {
      stdio: "ignore",
      env: { ...process.env, PATH: `${path.join(folder, "bin")}:${process.env.PATH}` },
    });
    const ended = new Promise((resolve) => child.on("exit", (...how) => resolve(how)));
    await until(() => existsSync(started) && readFileSync(started, "utf8").endsWith("\n"));
    child.kill("SIGTERM");
    expect(await ended).toEqual([130, null]);
    expect(existsSync(`/proc/${readFileSync(started, "utf8").trim()}/exe`)).toBe(false);
  }, 120_000);
});
