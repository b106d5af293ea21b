/** Follows a run file that is being written, and keeps what is to be uploaded. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { decodeRecord, type ReadItem, stepMetric } from "../records.js";
import { scanRunFile } from "../runFile.js";

/** Values in JSON by name; a name may hold further ones. */
type JsonTree = Map<string, string | JsonTree>;

/** What the files of a run hold so far. */
export interface Followed {
  /** Values by key, in JSON. */
  readonly config: ReadonlyMap<string, string>;
  /** Names of the curves. */
  readonly metrics: ReadonlySet<string>;
  /** A line of JSON each, by `_step`. */
  readonly rows: ReadonlyMap<number, string>;
  /** Paths below `files/`. */
  readonly media: ReadonlySet<string>;
  readonly exitCode: number | undefined;
  /** The summary as JSON. */
  summary(): string;
}

/** A run whose files are read as far as they are written. */
export interface Follower extends Followed {
  /** Reads what came since. @param file the run file of an attempt */
  read(file: string): void;
  /** Forgets rows before `step`, which are uploaded. */
  forgetRows(step: number): void;
  forgetMedia(path: string): void;
}

/** Begins to follow the files of a run. */
export function followRun(): Follower {
  const ends = new Map<string, number>();
  const summary: JsonTree = new Map();
  const config = new Map<string, string>();
  const metrics = new Set<string>();
  const rows = new Map<number, string>();
  const media = new Set<string>();
  let exitCode: number | undefined;

  const take = (bytes: Uint8Array) => {
    const record = decodeRecord(bytes);
    if (record.type === "config") {
      for (const { key, json } of record.items) config.set(key.join("."), json);
    } else if (record.type === "summary") plant(summary, record.items);
    else if (record.type === "files") for (const path of record.paths) media.add(path);
    else if (record.type === "exit") exitCode = record.code;
    else if (record.type === "history") {
      rows.set(record.step, write(plant(new Map(), record.items)));
      for (const { key } of record.items) {
        const name = key.join(".");
        if (!name.startsWith("_") && name !== stepMetric) metrics.add(name);
      }
    }
  };
  return {
    config,
    metrics,
    rows,
    media,
    get exitCode() {
      return exitCode;
    },
    summary: () => write(summary),
    read(file) {
      const from = ends.get(file) ?? 0;
      if (from === 0) exitCode = undefined;
      if (!existsSync(file)) return;
      for (const record of scanRunFile(readFrom(file, from), from)) {
        take(record.bytes);
        ends.set(file, record.end);
      }
    },
    forgetRows(step) {
      for (const number of rows.keys()) if (number < step) rows.delete(number);
    },
    forgetMedia: (path) => void media.delete(path),
  };
}

/** What stands behind `start`. */
function readFrom(file: string, start: number): Uint8Array {
  const descriptor = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - start));
    let read = 0;
    while (read < bytes.length) {
      const count = readSync(descriptor, bytes, read, bytes.length - read, start + read);
      if (count === 0) break;
      read += count;
    }
    return bytes.subarray(0, read);
  } finally {
    closeSync(descriptor);
  }
}

function plant(tree: JsonTree, items: readonly ReadItem[]): JsonTree {
  for (const { key, json } of items) {
    let branch = tree;
    for (const part of key.slice(0, -1)) {
      const next = branch.get(part);
      const child: JsonTree = next instanceof Map ? next : new Map();
      branch.set(part, child);
      branch = child;
    }
    branch.set(key.at(-1) ?? "", json);
  }
  return tree;
}

function write(tree: JsonTree): string {
  const entries = [...tree].map(
    ([key, value]) => `${JSON.stringify(key)}:${typeof value === "string" ? value : write(value)}`,
  );
  return `{${entries.join(",")}}`;
}
