/** A run of a tiny model that nobody looks at any more, or that signals reach. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { writeTestModel } from "../../src/generate/testModel.js";
import { readEvents } from "../../src/train/index.js";

const root = path.resolve(import.meta.dirname, "../..");
const rows = path.join(root, "test/parity/fixtures/run-version-0/rows.jsonl");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-signals-"));
const model = writeTestModel();
afterAll(() => {
  for (const folder of [work, model]) rmSync(folder, { recursive: true, force: true });
});

let made = 0;

/** Starts a run; `reached` gives what it has said once `text` is a part of it. */
function train(steps: number, stdio: ["ignore", "ignore", "pipe" | number], env = {}) {
  const run = path.join(work, `run-${++made}`);
  const words = [
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
  const child: ChildProcess = spawn(
    process.execPath,
    [path.join(root, "dist/cli/main.js"), ...words],
    { stdio, env: { ...process.env, OMP_NUM_THREADS: "1", ...env } },
  );
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
const endOf = (run: string) => readEvents(path.join(run, "events.jsonl")).at(-1);

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
