/**
 * Writes the run file of an attempt: what the run is, then for each row of events the records that
 * wandb writes for `run.log`. A row is with the operating system when `write` returns.
 */
import { writeFileSync } from "node:fs";
import os from "node:os";
import { dirname, join } from "node:path";
import type { EventRow, StartEvent } from "../../train/index.js";
import { makeFolders } from "../../util/makeFolders.js";
import { summaryOf } from "../runs/index.js";
import type { Fragment } from "./fragments.js";
import {
  encodeRecord,
  type Items,
  type RunFacts,
  stepMetric,
  toJson,
  type WandbRecord,
} from "./records.js";
import { historyReader } from "./rows.js";
import { createRunFile } from "./runFile.js";

/** What a run file begins with. */
export interface AttemptFacts {
  readonly fragment: Fragment;
  readonly run: RunFacts;
  /** The start row of the attempt. */
  readonly start: EventRow<StartEvent>;
  /** Resolved values of the configuration, and facts of the machine. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly offline: boolean;
  readonly version: string;
}

export interface AttemptWriter {
  /**
   * Writes what a row of this attempt says.
   * @param runtime seconds of the whole run until then
   */
  write(row: EventRow, runtime: number): void;
  /** Writes the history of a row only, which may be of an earlier attempt. */
  writeRow(row: EventRow, runtime: number): void;
  /** Says that the run ended without a word. @param runtime seconds of the whole run */
  writeKilled(runtime: number): void;
  /** Makes what was written survive a power cut. */
  sync(): void;
  close(): void;
}

/** Exit codes by the way in which an attempt ends; 255 is wandb's for an interrupted program. */
const exitCodes = { done: 0, failed: 1, stopped: 255 } as const;

/** Begins the run file of an attempt. */
export function openAttemptWriter(facts: AttemptFacts): AttemptWriter {
  const { fragment, run } = facts;
  const file = createRunFile(fragment.file);
  const known = new Set([stepMetric]);
  let count = 0;
  const readRow = historyReader(run.startingStep);
  const append = (records: readonly WandbRecord[]) => {
    if (records.length === 0) return;
    file.append(records.map((record) => encodeRecord(record, ++count, run.id)));
  };

  const history = (row: EventRow, runtime: number): WandbRecord[] => {
    const read = readRow(row);
    if (!read) return [];
    for (const { path, content } of read.media) {
      writeMedia(join(fragment.folder, "files", path), content);
    }
    const files = read.media.map(({ path }): WandbRecord => ({ type: "files", paths: [path] }));
    const place = { step: read.step, time: row.time, runtime };
    return [...files, ...rowRecords(read.values, place, known)];
  };

  append(beginning(facts));
  return {
    write(row, runtime) {
      if (row.type !== "end") return append(history(row, runtime));
      const end = exitRecord(row.reason, runtime);
      append([...figureRecords(row), ...history(row, runtime), end]);
    },
    writeRow: (row, runtime) => append(history(row, runtime)),
    writeKilled: (runtime) => append([exitRecord("stopped", runtime)]),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

function exitRecord(reason: keyof typeof exitCodes, runtime: number): WandbRecord {
  return { type: "exit", code: exitCodes[reason], runtime: Math.floor(runtime) };
}

/** What stands before the first values. */
function beginning({ run, start, config, offline, version }: AttemptFacts): WandbRecord[] {
  const parameters = { key: ["model/num_parameters"], value: start.parameters };
  const items = Object.entries(config).map(([key, value]) => ({ key: [key], value }));
  return [
    { type: "header", producer: `tunewright ${version}` },
    { type: "run", run },
    { type: "machine", machine: machineFacts(run) },
    { type: "client", offline },
    { type: "config", items: [...items, parameters] },
    { type: "metric", name: stepMetric, fromGlob: false },
    { type: "metricGlob" },
  ];
}

function machineFacts({ id, host, startTime }: RunFacts) {
  return {
    os: `${os.type()} ${os.release()} ${os.machine()}`,
    host,
    program: "tunewright train",
    root: process.cwd(),
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    startTime,
    writerId: `${id}${Math.floor(startTime)}`,
  };
}

/** A row of the history, with the summary that it changes and the curves that it begins. */
function rowRecords(
  values: Items,
  { step, time, runtime }: { step: number; time: number; runtime: number },
  known: Set<string>,
): WandbRecord[] {
  const items: Items = [
    ...values,
    { key: ["_timestamp"], value: time },
    { key: ["_runtime"], value: runtime },
    { key: ["_step"], value: step },
  ];
  const added = values.map(({ key }) => key.join(".")).filter((name) => !known.has(name));
  for (const name of added) known.add(name);
  return [
    ...added.map((name): WandbRecord => ({ type: "metric", name, fromGlob: true })),
    runtimeRecord(runtime),
    { type: "summary", items },
    { type: "history", step, items },
  ];
}

/** The figures of the whole run. */
function figureRecords(row: EventRow & { type: "end" }): WandbRecord[] {
  const figures = Object.entries(summaryOf(row));
  return [{ type: "summary", items: figures.map(([name, value]) => ({ key: [name], value })) }];
}

function runtimeRecord(runtime: number): WandbRecord {
  const seconds = Math.floor(runtime);
  return {
    type: "summary",
    items: [
      { key: ["_wandb", "runtime"], value: seconds },
      { key: ["_runtime"], value: seconds },
    ],
  };
}

function writeMedia(file: string, content: string): void {
  makeFolders(dirname(file));
  writeFileSync(file, content);
}

/** What newer versions of `wandb sync` keep beside a file: with it they leave its `_step` as it is. */
export function syncState({ startingStep }: Fragment, runtime: number): string {
  return toJson({ starting_step: startingStep, starting_runtime: Math.round(runtime * 1000) });
}
