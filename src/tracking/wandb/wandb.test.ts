import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startWandbServer } from "../../../test/unit/wandbServer.js";
import {
  type EventRow,
  loadTrainingConfig,
  openEventWriter,
  type TrainingEvent,
  writeRunConfig,
} from "../../train/index.js";
import { openTrackers } from "../open.js";
import { replayRun } from "../replay.js";
import { decodeRecord } from "./records.js";
import { scanRunFile } from "./runFile.js";

let directory: string;
let said: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "wandb-"));
  said = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const startFacts = {
  total_steps: 9,
  run_name: null,
  model: "m",
  train_mode: "lora",
  device: "cpu",
  compute_dtype: "float32",
  samples: 4,
  parameters: 10,
  trainable_parameters: 2,
} as const;

function step(number: number): TrainingEvent {
  return {
    type: "step",
    step: number,
    epoch: number / 9,
    loss: 3 - number / 10,
    learning_rate: 1e-4,
    grad_norm: 1,
    tokens: 10,
    labelled_tokens: 5,
    tokens_per_second: 100,
    rss_bytes: 1e9,
  };
}

/** An attempt that begins at `resumeStep` and writes `events`, then ends or is killed. */
async function attempt(
  events: readonly TrainingEvent[],
  options: { resumeStep?: number; reportTo?: string; env?: NodeJS.ProcessEnv; ends?: boolean } = {},
): Promise<void> {
  const { resumeStep, reportTo = "wandb", env = {}, ends = true } = options;
  const loaded = loadTrainingConfig(undefined, {
    ...{ output_dir: directory, model_name_or_path: "m", train_file: "f", report_to: reportTo },
    seed: 7,
  });
  writeRunConfig(directory, { ...loaded, facts: { device: "cpu" } });
  const say = (line: string) => void said.push(line);
  const trackers = openTrackers(loaded.config, { say, env });
  const writer = openEventWriter(directory, {
    readers: trackers.readers,
    ...(resumeStep === undefined ? {} : { resumeStep }),
  });
  writer.write({ type: "start", step: resumeStep ?? 0, ...startFacts });
  for (const event of events) writer.write(event);
  writer.close();
  if (ends) await trackers.close();
}

/** The run files, the oldest first. */
function runFiles(folder = join(directory, "wandb")): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("offline-run-"))
    .sort()
    .map((name) => {
      const id = name.split("-").at(-1);
      return join(folder, name, `run-${id}.wandb`);
    });
}

function rowsOf(file: string): Record<string, unknown>[] {
  return scanRunFile(readFileSync(file)).flatMap(({ bytes }) => {
    const record = decodeRecord(bytes);
    if (record.type !== "history") return [];
    return Object.fromEntries(
      record.items.map(({ key, json }) => [key.join("."), JSON.parse(json)]),
    );
  });
}

const place = (file: string) => rowsOf(file).map((row) => [row._step, row["train/global_step"]]);

it("keeps one id, and each row in exactly one file, however attempts end", async () => {
  await attempt([step(1), step(2), step(3)], { ends: false });
  await attempt([step(3), step(4), step(5)], { resumeStep: 2, ends: false });
  await attempt([step(5), step(6)], { resumeStep: 4 });
  const files = runFiles();
  expect(files).toHaveLength(3);
  expect(new Set(files.map((file) => file.split("run-").at(-1)))).toHaveProperty("size", 1);
  expect(files.map(place)).toEqual([
    [
      [0, 1],
      [1, 2],
    ],
    [
      [2, 3],
      [3, 4],
    ],
    [
      [4, 5],
      [5, 6],
    ],
  ]);
  expect(rowsOf(`${files[0]}.cut-2`).map((row) => row["train/global_step"])).toEqual([1, 2, 3]);
  const state = readFileSync(`${files[2]}.syncstate`, "utf8");
  expect(JSON.parse(state)).toMatchObject({ starting_step: 4 });
  const times = files.flatMap(rowsOf).map((row) => Number(row._runtime));
  expect(times).toEqual([...times].sort((one, other) => one - other));
});

it("writes the rows of attempts that had no such tracker", async () => {
  await attempt([step(1), step(2)], { reportTo: "none" });
  await attempt([step(3)], { resumeStep: 2 });
  const [file] = runFiles();
  expect(place(file!)).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
});

const end = (number: number, reason: "done" | "stopped") =>
  ({ type: "end", step: number, reason, epoch: 1, train_loss: 2 }) as EventRow & { type: "end" };

it("says at the end how to upload the run, and puts its attempts into one file", async () => {
  await attempt([step(1), step(2), step(3)]);
  expect(said.at(-1)).toMatch(/to upload the run: wandb sync \S+\/wandb\/offline-run-\S+$/);
  await attempt([step(3), end(3, "stopped")], { resumeStep: 2 });
  await attempt([step(4), end(4, "done")], { resumeStep: 3 });
  expect(said.at(-1)).toBe(`W&B: to upload the run: ./tunewright track ${directory} --to wandb`);
  await replayRun(directory, "wandb", { say: (line) => void said.push(line), env: {} });
  const [, folder] = /to upload it: wandb sync (\S+)$/.exec(said.at(-1)!)!;
  expect(folder).toMatch(/\/wandb\/whole\/offline-run-\d{8}_\d{6}-\w+$/);
  const id = folder!.split("-").at(-1);
  const file = join(folder!, `run-${id}.wandb`);
  expect(runFiles()[0]).toContain(`run-${id}.wandb`);
  expect(place(file)).toEqual([1, 2, 3, 3, 4, 4].map((global, index) => [index, global]));
  const records = scanRunFile(readFileSync(file)).map(({ bytes }) => decodeRecord(bytes));
  expect(records.filter(({ type }) => type === "exit")).toEqual([{ type: "exit", code: 0 }]);
  expect(rowsOf(file)).toEqual(runFiles().flatMap(rowsOf));
});

it("writes the one file of any run afterwards, always under the same id", async () => {
  await attempt([step(1), step(2)], { reportTo: "none", ends: false });
  await attempt([step(3)], { resumeStep: 2, reportTo: "none", ends: false });
  const say = (line: string) => void said.push(line);
  await replayRun(directory, "wandb", { say, env: {} });
  await replayRun(directory, "wandb", { say, env: {} });
  expect(said[0]).toBe(said[1]);
  const [, folder = ""] = /wandb sync (\S+)$/.exec(said[0]!)!;
  const [name] = readdirSync(folder).filter((one) => one.endsWith(".wandb"));
  expect(place(join(folder, name!))).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  const last = scanRunFile(readFileSync(join(folder, name!))).at(-1)!;
  expect(decodeRecord(last.bytes)).toEqual({ type: "exit", code: 255 });
});

it("goes on where a file was removed after its upload", async () => {
  await attempt([step(1), step(2)]);
  rmSync(runFiles()[0]!);
  await attempt([step(3)], { resumeStep: 2 });
  expect(place(runFiles()[1]!)).toEqual([[2, 3]]);
});

it("loses nothing but what a crash has torn", async () => {
  await attempt([step(1), step(2)], { ends: false });
  const [file] = runFiles();
  const bytes = readFileSync(file!);
  writeFileSync(file!, bytes.subarray(0, bytes.length - 5));
  expect(place(file!)).toEqual([[0, 1]]);
  await attempt([step(3)], { resumeStep: 2 });
  expect(place(runFiles()[1]!)).toEqual([
    [1, 2],
    [2, 3],
  ]);
});

it("shows answers as pages, and the figures of the run in its summary", async () => {
  const sample: TrainingEvent = {
    type: "sample",
    step: 1,
    prompt: "who?",
    text: "<b>I & you",
    finish_reason: "length",
  };
  const end = {
    type: "end",
    step: 1,
    reason: "done",
    train_loss: 2.5,
    train_runtime: 4,
    epoch: 1,
    train_samples_per_second: 1,
    train_steps_per_second: 1,
    total_flos: 5,
  } as EventRow & { type: "end" };
  await attempt([step(1), sample, end]);
  const [file] = runFiles();
  const [, shown] = rowsOf(file!);
  expect(shown).toMatchObject({ "sample/1._type": "html-file", "train/global_step": 1 });
  const page = readFileSync(join(file!, "../files", String(shown?.["sample/1.path"])), "utf8");
  expect(page).toContain("&lt;b&gt;I &amp; you […]");
  const records = scanRunFile(readFileSync(file!)).map(({ bytes }) => decodeRecord(bytes));
  expect(records.at(-1)).toEqual({ type: "exit", code: 0 });
  const summary = records.flatMap((record) => (record.type === "summary" ? record.items : []));
  expect(summary).toContainEqual({ key: ["train_loss"], json: "2.5" });
  const config = records.flatMap((record) => (record.type === "config" ? record.items : []));
  expect(config).toContainEqual({ key: ["seed"], json: "7" });
});

it.each([
  ["stopped", 255],
  ["failed", 1],
] as const)("an attempt that %s has exit code %i", async (reason, code) => {
  await attempt([{ type: "end", step: 0, reason } as EventRow & { type: "end" }]);
  const records = scanRunFile(readFileSync(runFiles()[0]!));
  expect(decodeRecord(records.at(-1)!.bytes)).toEqual({ type: "exit", code });
});

it("uploads beside the run where there is a key, and marks what it has uploaded", async () => {
  const server = await startWandbServer();
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: "a key", no_proxy: "*" };
  await attempt([step(1), step(2), end(2, "done")], { env });
  const [run] = server.runs.values();
  expect(run!.history).toHaveLength(3);
  expect(run!.exitCode).toBe(0);
  expect(existsSync(`${runFiles()[0]}.synced`)).toBe(true);
  expect(said).toEqual([expect.stringMatching(/^W&B: http:\S+\/huggingface\/runs\/\w+$/)]);
  await server.close();
});

it("is uploaded afterwards where there is a key, each row once, also a second time", async () => {
  await attempt([step(1), step(2), step(3)], { ends: false });
  await attempt([step(3), step(4)], { resumeStep: 2, ends: false });
  const server = await startWandbServer();
  const env = { WANDB_BASE_URL: server.url, WANDB_API_KEY: "a key", no_proxy: "*" };
  const say = (line: string) => void said.push(line);
  for (const _time of [1, 2]) await replayRun(directory, "wandb", { say, env });
  expect(said.at(-1)).toBe("W&B has the whole run");
  expect(server.runs.size).toBe(1);
  const [run] = server.runs.values();
  const steps = run!.history.map((line) => (JSON.parse(line) as Record<string, unknown>)._step);
  expect(steps).toEqual([0, 1, 2, 3]);
  expect(run!.exitCode).toBe(255);
  expect(runFiles().every((file) => existsSync(`${file}.synced`))).toBe(true);
  server.intercept = (_request, response) => Boolean(response.writeHead(401).end("no"));
  await expect(replayRun(directory, "wandb", { say, env })).rejects.toThrow(
    /does not have the whole/,
  );
  await server.close();
});

it("writes where WANDB_DIR says, with the id of WANDB_RUN_ID, and nothing where it is off", async () => {
  const elsewhere = join(directory, "else where");
  await attempt([step(1)], { env: { WANDB_DIR: elsewhere, WANDB_RUN_ID: "mine" } });
  const [file] = runFiles(join(elsewhere, "wandb"));
  expect(file).toMatch(/offline-run-\d{8}_\d{6}-mine\/run-mine\.wandb$/);
  expect(said.join("\n")).toContain(`wandb sync '${elsewhere}`);
  said = [];
  await attempt([step(2)], { resumeStep: 1, env: { WANDB_MODE: "disabled" } });
  expect(said).toEqual(["W&B: nothing is written, because WANDB_MODE is disabled."]);
  expect(existsSync(join(directory, "wandb"))).toBe(false);
});
