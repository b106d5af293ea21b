/**
 * Our run file of W&B beside the one that the real wandb writes offline for the same values: wandb's own
 * reader finds the same records, and `wandb sync` sends the same to a server.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTrackers } from "../../src/tracking/index.js";
import { decodeRecord, toJson } from "../../src/tracking/wandb/records.js";
import { scanRunFile } from "../../src/tracking/wandb/runFile.js";
import {
  loadTrainingConfig,
  openEventWriter,
  type TrainingEvent,
  writeRunConfig,
} from "../../src/train/index.js";
import { type ServedRun, startWandbServer } from "../unit/wandbServer.js";
import { runPython, trackersPython } from "./pythonTrackers.js";

const run = promisify(execFile);
const python = await trackersPython();
const directory = mkdtempSync(path.join(tmpdir(), "wandb-parity-"));
const ours = path.join(directory, "ours");
const theirs = path.join(directory, "theirs");
const settings = {
  ...{ project: "a project", run_name: "a run, 一次训练", run_tags: ["one", "two"] },
  ...{ run_notes: "notes", run_group: "group", wandb_entity: "me" },
};

const events: TrainingEvent[] = [
  step(1, 3.25),
  step(2, Number.NaN),
  { ...step(3, 0.1 + 0.2), grad_norm: Number.POSITIVE_INFINITY },
  { type: "evaluation", step: 3, eval_loss: 1.5, samples: 4, labelled_tokens: 9, seconds: 2 },
  { type: "sample", step: 3, prompt: "谁？", text: "<我> & you", finish_reason: "stop" },
  {
    type: "end",
    step: 3,
    reason: "done",
    run_dir: ours,
    steps: 3,
    epoch: 1,
    train_loss: 2.5,
    train_runtime: 12.5,
    train_samples_per_second: 1.5,
    train_steps_per_second: 0.25,
    tokens: 30,
    labelled_tokens: 15,
    rows_skipped: 0,
    steps_skipped: 0,
    tokens_per_second: 10,
    total_flos: 1.5e15,
    mfu: null,
    peak_rss_bytes: 1e9,
    peak_device_bytes: null,
  },
];

function step(number: number, loss: number) {
  return {
    type: "step",
    step: number,
    epoch: number / 3,
    loss,
    learning_rate: 2e-4 / number,
    grad_norm: 0.75,
    tokens: 10,
    labelled_tokens: 5,
    tokens_per_second: 99.5,
    rss_bytes: 2 ** 31,
  } as const;
}

/** An item of a record, as protobuf's own JSON has it. */
interface Item {
  key?: string;
  nested_key?: string[];
  value_json: string;
}

/** A record of a run file as wandb's reader sees it. */
interface PeerRecord {
  kind: string;
  number: number;
  item?: Item[];
  update?: Item[];
  step?: { num?: string };
  runtime?: number;
}

interface Peer {
  written: string;
  files: PeerRecord[][];
}

/** Values that are of the moment, or of the machine. */
const passing = /^(_timestamp|_runtime|_wandb.*)$/;

/** The values of a record by name, without those of the moment. */
function valuesOf(items: readonly Item[] = []): Record<string, unknown> {
  return Object.fromEntries(
    items
      .map(
        (item) => [item.key ?? item.nested_key?.join(".") ?? "", parse(item.value_json)] as const,
      )
      .filter(([name]) => !passing.test(name)),
  );
}

/** Python's JSON, in which a number may be `NaN` or `Infinity`. */
function parse(json: string): unknown {
  return JSON.parse(json.replace(/(?<![\w"])(-?Infinity|NaN)(?![\w"])/g, '"$1"'));
}

async function writeOurs(): Promise<string> {
  mkdirSync(ours);
  const loaded = loadTrainingConfig(undefined, {
    ...{ output_dir: ours, model_name_or_path: "m", train_file: "f", report_to: "wandb" },
    ...settings,
  });
  writeRunConfig(ours, loaded);
  const env = { WANDB_JOB_TYPE: "sft" };
  const trackers = openTrackers(loaded.config, { say: () => {}, env });
  const writer = openEventWriter(ours, { readers: trackers.readers });
  writer.write({
    type: "start",
    step: 0,
    total_steps: 3,
    run_name: null,
    model: "m",
    train_mode: "lora",
    device: "cpu",
    compute_dtype: "float32",
    samples: 4,
    parameters: 100,
    trainable_parameters: 2,
  });
  for (const event of events) writer.write(event);
  writer.close();
  await trackers.close();
  return attemptIn(ours);
}

function attemptIn(folder: string): string {
  const names = readdirSync(path.join(folder, "wandb"));
  return path.join(folder, "wandb", names.find((name) => name.startsWith("offline-run-")) ?? "");
}

/** What the real wandb is to write: the values of our file, the pages of answers as texts. */
function jobFor(attempt: string, file: string): string {
  const records = scanRunFile(readFileSync(file)).map(({ bytes }) => decodeRecord(bytes));
  const itemsOf = (type: "config" | "summary") =>
    records.flatMap((record) => (record.type === type ? record.items : []));
  const rows = records.flatMap((record) => {
    if (record.type !== "history") return [];
    const row: Record<string, unknown> = {};
    for (const { key, json } of record.items) {
      const [name = "", part] = key;
      if (passing.test(name) || name === "_step") continue;
      if (part === undefined) row[name] = numberOf(json);
      else if (part === "path") {
        row[name] = { html: readFileSync(path.join(attempt, "files", JSON.parse(json)), "utf8") };
      }
    }
    return [row];
  });
  const figures = itemsOf("summary").filter(({ key }) => /^(train|total)_/.test(key[0] ?? ""));
  const { run_name: name, run_tags: tags, run_notes: notes, run_group: group } = settings;
  const { project, wandb_entity: entity } = settings;
  return toJson({
    dir: theirs,
    run: { project, entity, name, tags, notes, group, job_type: "sft" },
    config: valuesOf(itemsOf("config").map(asItem)),
    rows,
    summary: valuesOf(figures.map(asItem)),
    exit_code: 0,
    read: [file],
  });
}

function asItem({ key, json }: { key: readonly string[]; json: string }): Item {
  return { nested_key: [...key], value_json: json };
}

function numberOf(json: string): number {
  return Number(json);
}

/** The last value of each name in all summaries. */
function summaryOf(records: readonly PeerRecord[]): Record<string, unknown> {
  return Object.assign({}, ...ofKind(records, "summary").map(({ update }) => valuesOf(update)));
}

function ofKind(records: readonly PeerRecord[], kind: string): PeerRecord[] {
  return records.filter((record) => record.kind === kind);
}

/** Lines that the server was sent, without what is of the moment. */
function linesOf({ history }: ServedRun): unknown[] {
  return history.map((line) => withoutPassing(parse(line) as Record<string, unknown>));
}

function withoutPassing(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !passing.test(name)));
}

describe.skipIf(python === undefined)("our run file beside wandb's", () => {
  let [our, their]: PeerRecord[][] = [];
  let served: ServedRun[];

  beforeAll(async () => {
    const attempt = await writeOurs();
    const file = path.join(attempt, `run-${attempt.split("-").at(-1)}.wandb`);
    mkdirSync(theirs);
    const job = path.join(directory, "job.json");
    writeFileSync(job, jobFor(attempt, file));
    const script = path.join(import.meta.dirname, "wandb_peer.py");
    const peer = (await runPython(python!, script, [job])) as Peer;
    [our, their] = peer.files;
    served = await syncBoth([attempt, peer.written]);
  }, 240_000);

  test("wandb's reader finds the same run, values, curves and end", () => {
    expect(our?.slice(0, 2).map(({ kind }) => kind)).toEqual(["header", "run"]);
    expect(our?.map(({ number }) => number)).toEqual(our?.map((_, index) => index + 1));
    const facts = (records: PeerRecord[] | undefined) => {
      const [record] = ofKind(records ?? [], "run");
      const { run_id, start_time, telemetry, git, number, ...rest } = record as PeerRecord & Facts;
      return rest;
    };
    expect(facts(our)).toEqual(facts(their));
    for (const kind of ["history", "config", "metric", "exit"]) {
      const bodies = (records: PeerRecord[] | undefined) =>
        ofKind(records ?? [], kind).map(({ item, update, number, runtime, ...rest }) => ({
          ...rest,
          ...valuesOf(item ?? update),
        }));
      if (kind === "config")
        expect(Object.assign({}, ...bodies(our))).toEqual(Object.assign({}, ...bodies(their)));
      else if (kind === "metric") expect(new Set(bodies(our))).toEqual(new Set(bodies(their)));
      else expect(bodies(our)).toEqual(bodies(their));
    }
    expect(summaryOf(our ?? [])).toEqual(summaryOf(their ?? []));
  });

  test("wandb sync sends the same", () => {
    const [one, other] = served;
    expect(linesOf(one!)).toHaveLength(6);
    expect(linesOf(one!)).toEqual(linesOf(other!));
    const summaries = served.map(({ summary }) =>
      withoutPassing(parse(summary) as Record<string, unknown>),
    );
    expect(summaries[0]).toEqual(summaries[1]);
    expect(summaries[0]).toMatchObject({ train_loss: 2.5, total_flos: 1.5e15 });
    expect(withoutPassing(one!.config)).toEqual(withoutPassing(other!.config));
    expect(one!.exitCode).toBe(0);
    expect(other!.exitCode).toBe(0);
    const shown = ({ upserts }: ServedRun) => {
      const { displayName, notes, tags, groupName, jobType, project, entity } = upserts[0] ?? {};
      return { displayName, notes, tags, groupName, jobType, project, entity };
    };
    expect(shown(one!)).toEqual(shown(other!));
    const pages = ({ files }: ServedRun) => [...files].filter(([name]) => name.endsWith(".html"));
    expect(pages(one!)).toHaveLength(1);
    expect(pages(one!)).toEqual(pages(other!));
  });
});

interface Facts {
  run_id: string;
  start_time: string;
  telemetry?: unknown;
  git?: unknown;
}

/** What a server has after `wandb sync` of folders, in their order. */
async function syncBoth(folders: readonly string[]): Promise<ServedRun[]> {
  const server = await startWandbServer();
  const env = {
    ...process.env,
    ...{ WANDB_BASE_URL: server.url, WANDB_API_KEY: "a".repeat(40), HOME: directory },
    WANDB_ERROR_REPORTING: "false",
  };
  try {
    const program = path.join(path.dirname(python!), "wandb");
    await run(python!, [program, "sync", ...folders], { env, cwd: directory });
    return folders.map((folder) => server.runs.get(folder.split("-").at(-1)!)!);
  } finally {
    await server.close();
  }
}

afterAll(() => rmSync(directory, { recursive: true, force: true }));
