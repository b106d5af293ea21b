/** A second process is kept out of what another one is writing, and is told who that is. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type FileLock, tryLock } from "../../src/util/fileLock.js";
import { outputLockOf } from "../../src/util/outPlace.js";

const main = path.resolve(import.meta.dirname, "../../dist/cli/main.js");
const work = mkdtempSync(path.join(tmpdir(), "tunewright-locks-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const at = (name: string) => path.join(work, name);
writeFileSync(at("rows.jsonl"), '{"instruction": "a", "input": "", "output": "b"}\n');
writeFileSync(at("axolotl.yml"), "base_model: some/model\nmicro_batch_size: 2\nsequence_len: 9\n");

/** Runs a command in a process of its own, while this one holds a lock. */
function locked(file: string, words: readonly string[], before: readonly string[] = []) {
  const lock = tryLock(file) as FileLock;
  try {
    const [program, ...rest] = [...before, process.execPath, main, ...words];
    return spawnSync(program!, rest, { encoding: "utf8", cwd: work });
  } finally {
    lock.release();
  }
}

const holder = new RegExp(`Process ${process.pid} has locked it since`);

describe("what one process writes, another does not", () => {
  it.each([
    ["data convert", ["data", "convert", "rows.jsonl", "--out", "out.jsonl"]],
    ["data clean", ["data", "clean", "rows.jsonl", "--out", "./out.jsonl"]],
    ["data dedup", ["data", "dedup", "rows.jsonl", "--out", at("out.jsonl")]],
    ["config import", ["config", "import", "axolotl.yml", "--out", "out.jsonl"]],
  ])("%s", (_name, words) => {
    const { status, stderr } = locked(outputLockOf(at("out.jsonl"))!, words);
    expect(stderr).toMatch(/is being written by another process/);
    expect(stderr).toMatch(holder);
    expect(status).toBe(2);
    expect(existsSync(at("out.jsonl"))).toBe(false);
  });

  it.each([[[]], [["--resume"]]])("train %j", (more) => {
    const words = ["train", "--model_name_or_path=none", "--train_file=rows.jsonl", "--use_cpu"];
    const run = path.join(work, "run");
    spawnSync("mkdir", ["-p", run]);
    const given = [...words, "--lora_rank=2", `--output_dir=${run}`, ...more];
    const { status, stderr } = locked(path.join(run, ".train.lock"), given);
    expect(stderr).toMatch(/Another process is training in /);
    expect(stderr).toMatch(holder);
    expect(stderr).toContain(`kill ${process.pid} saves a checkpoint`);
    expect(status).toBe(2);
  });
});

it("a file that is still being written is not only called missing", () => {
  const { status, stderr } = locked(outputLockOf(at("soon.jsonl"))!, [
    "data",
    "stats",
    "soon.jsonl",
  ]);
  expect(stderr).toMatch(/soon\.jsonl: no such file\n {2}why: It is being written\. Process/);
  expect(stderr).toContain("wait for it to end");
  expect(status).toBe(3);
});

const space = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
const hasSpaces = spawnSync(space[0]!, [...space.slice(1), "true"]).status === 0;

it.skipIf(!hasSpaces)(
  "a number of another namespace of processes is not given to be killed",
  () => {
    const run = path.join(work, "contained");
    spawnSync("mkdir", ["-p", run]);
    const words = ["train", "--model_name_or_path=none", "--train_file=rows.jsonl", "--use_cpu"];
    const { status, stderr } = locked(
      path.join(run, ".train.lock"),
      [...words, "--lora_rank=2", `--output_dir=${run}`],
      space,
    );
    expect(stderr).toMatch(/Process \d+ in another container has locked it since/);
    expect(stderr).toContain("stop that process first");
    expect(stderr).not.toContain("kill ");
    expect(status).toBe(2);
  },
);

describe("config import", () => {
  it("does not put its result in the place of what it reads", () => {
    const text = readFileSync(at("axolotl.yml"), "utf8");
    const words = ["config", "import", "axolotl.yml", "--out", "./axolotl.yml", "--overwrite"];
    const { status, stderr } = spawnSync(process.execPath, [main, ...words], {
      encoding: "utf8",
      cwd: work,
    });
    expect([status, stderr]).toEqual([2, expect.stringContaining("is both input and output")]);
    expect(readFileSync(at("axolotl.yml"), "utf8")).toBe(text);
  });
});
