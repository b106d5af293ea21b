import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError } from "../util/errors.js";
import { loadTrainingConfig } from "./config/index.js";
import { lockRun, whoseRun } from "./events/index.js";
import { readRunConfig, writeRunConfig } from "./runConfig/index.js";
import { openRunDirectory, refuseOutput } from "./runDirectory.js";

let base: string;
let run: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "tunewright-run-"));
  run = join(base, "a", "run");
});
afterEach(() => rmSync(base, { recursive: true }));

const open = (options: { overwrite?: boolean; resume?: boolean | string } = {}) =>
  openRunDirectory({
    output_dir: run,
    overwrite_output_dir: options.overwrite ?? false,
    resume_from_checkpoint: options.resume ?? false,
  });

/** What lies in the run directory beside the file of its lock, which stays. */
const contents = () =>
  readdirSync(run)
    .sort()
    .filter((name) => name !== ".train.lock");

function fill(...names: string[]): void {
  mkdirSync(run, { recursive: true });
  for (const name of names) writeFileSync(join(run, name), name);
}

describe("output_dir", () => {
  it("is made with its parents, locked, and left for others to lock", () => {
    const directory = open();
    expect(directory).toMatchObject({ path: run, hasRun: false, warnings: [] });
    expect(readdirSync(run)).toEqual([".train.lock"]);
    expect(open).toThrow(/Another process is training/);
    directory.release();
    open().release();
  });

  it("that holds a run is refused, with the ways out, and unlocked again", () => {
    fill("events.jsonl");
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(/is not empty/);
    expect(readdirSync(run)).toEqual(["events.jsonl"]);
  });

  it("that holds a run is entered with resume", () => {
    fill("events.jsonl");
    expect(open({ resume: true }).hasRun).toBe(true);
  });

  it("that is empty is entered with resume, for jobs that always say so", () => {
    expect(open({ resume: true }).hasRun).toBe(false);
  });

  it("that holds nothing but runs moved aside is as good as empty", () => {
    mkdirSync(join(run, "previous-1"), { recursive: true });
    for (const overwrite of [false, true]) {
      const directory = open({ overwrite });
      expect(directory).toMatchObject({ hasRun: false, warnings: [] });
      directory.release();
    }
    expect(contents()).toEqual(["previous-1"]);
  });

  it("that holds a run is moved aside with overwrite_output_dir, again and again", () => {
    fill("events.jsonl", "adapter_model.safetensors");
    const directory = open({ overwrite: true });
    expect(directory.hasRun).toBe(false);
    expect(directory.warnings).toHaveLength(1);
    directory.release();
    fill("events.jsonl");
    open({ overwrite: true }).release();
    expect(contents()).toEqual(["previous-1", "previous-2"]);
    expect(existsSync(join(run, "previous-1", "adapter_model.safetensors"))).toBe(true);
  });

  it("that holds something else is never moved", () => {
    fill("thesis.tex");
    expect(() => open({ overwrite: true })).toThrow(/does not look like a run/);
    expect(() => open()).toThrow(/is not empty/);
    expect(readdirSync(run)).toEqual(["thesis.tex"]);
  });

  it("that is a file is refused", () => {
    mkdirSync(join(base, "a"));
    writeFileSync(run, "");
    expect(open).toThrow(/Cannot create/);
  });

  it("is looked at without being touched, with the same verdict", () => {
    const verdict = (options: { overwrite?: boolean; resume?: boolean } = {}) =>
      refuseOutput({
        output_dir: run,
        overwrite_output_dir: options.overwrite ?? false,
        resume_from_checkpoint: options.resume ?? false,
      })?.message;
    expect(verdict()).toBeUndefined();
    expect(existsSync(run)).toBe(false);
    mkdirSync(join(run, "previous-1"), { recursive: true });
    expect(verdict()).toBeUndefined();
    fill("thesis.tex");
    expect(verdict()).toMatch(/is not empty/);
    expect(verdict({ overwrite: true })).toMatch(/does not look like a run/);
    fill("events.jsonl");
    expect(verdict()).toMatch(/is not empty/);
    expect(verdict({ overwrite: true })).toBeUndefined();
    expect(verdict({ resume: true })).toBeUndefined();
    const lock = lockRun(run);
    expect(verdict({ resume: true })).toMatch(/Another process is training/);
    lock.release();
    rmSync(run, { recursive: true });
    writeFileSync(run, "");
    expect(verdict()).toMatch(/Cannot create/);
  });
});

describe("the lock", () => {
  beforeEach(() => mkdirSync(run, { recursive: true }));
  const lockFile = () => join(run, ".train.lock");
  const holder = (fields: object) => writeFileSync(lockFile(), JSON.stringify(fields));

  it("keeps a second trainer out and names the first", () => {
    const lock = lockRun(run);
    expect(lock.warning).toBeUndefined();
    expect(() => lockRun(run)).toThrow(`Another process is training in ${run}`);
    try {
      lockRun(run);
    } catch (error) {
      expect(error).toMatchObject({
        why: expect.stringMatching(`Process ${process.pid} has locked it since ....-..-..T`),
        todo: expect.stringContaining(`kill ${process.pid}`),
      });
    }
    expect(whoseRun(run)).toBeInstanceOf(ConfigError);
    lock.release();
    lock.release();
    expect(whoseRun(run)).toBeUndefined();
    lockRun(run).release();
  });

  it("of a trainer on another host is respected, and the message names the host", () => {
    const lock = lockRun(run);
    holder({ pid: 1, host: "elsewhere", since: "x" });
    expect(() => lockRun(run)).toThrow(ConfigError);
    expect(whoseRun(run)).toMatchObject({ why: "Process 1 on elsewhere has locked it since x." });
    holder({});
    expect(whoseRun(run)).toMatchObject({ why: "A process has locked it." });
    lock.release();
  });

  it("of a trainer that is gone is taken over, whatever its file says", () => {
    const earlier = { pid: process.pid, host: hostname(), started: null, since: "x", token: "t" };
    for (const text of [JSON.stringify(earlier), '{"pid":', "\0"]) {
      writeFileSync(lockFile(), text);
      expect(whoseRun(run)).toBeUndefined();
      const lock = lockRun(run);
      expect(lock.warning).toMatch(/has ended/);
      expect(JSON.parse(readFileSync(lockFile(), "utf8"))).toMatchObject({ pid: process.pid });
      lock.release();
    }
    expect(lockRun(run).warning).toBeUndefined();
  });
});

describe("config.json", () => {
  const load = (options: object = {}) =>
    loadTrainingConfig(undefined, {
      output_dir: run,
      model_name_or_path: "m",
      train_file: "t",
      ...options,
    });

  it("holds each value and where it came from, beside a model's own keys", () => {
    fill();
    writeFileSync(join(run, "config.json"), '{"model_type":"llama"}');
    const loaded = load({ seed: 7 });
    writeRunConfig(run, { ...loaded, facts: { torch: "2.13" } });
    const stored = JSON.parse(readFileSync(join(run, "config.json"), "utf8"));
    expect(stored.model_type).toBe("llama");
    expect(stored.tunewright.config).toEqual(loaded.config);
    expect(stored.tunewright.origins).toMatchObject({ seed: "flag", bf16: "default" });
    expect(Object.keys(stored.tunewright.origins)).toEqual(Object.keys(stored.tunewright.config));
    expect(readRunConfig(run)?.facts).toEqual({ torch: "2.13" });
  });

  it("is undefined where there is none", () => {
    expect(readRunConfig(run)).toBeUndefined();
  });
});

it("a run that failed before its first event counts as a run", () => {
  fill();
  writeRunConfig(
    run,
    loadTrainingConfig(undefined, { output_dir: run, model_name_or_path: "m", train_file: "t" }),
  );
  open({ overwrite: true }).release();
  expect(contents()).toEqual(["previous-1"]);
});
