/** Rows that contain a text, found a piece at a time in a thread of its own. */
import { statSync } from "node:fs";
import { type WorkerPool, workerPool } from "../../util/workerPool.js";
import type { ScanJob, ScanResult } from "./scanWorker.js";

/** How far a search has come. */
export interface Found {
  /** Numbers of the rows that were found so far. */
  rows: readonly number[];
  /** Share of the file that was searched, 0 to 1. */
  searched: number;
}

export interface Searches {
  /** Goes on until so many rows are found, the file ends, or a second has passed. */
  find(path: string, text: string, rows: number, wanted: number): Promise<Found>;
  /** How often each value of a key occurs in a file of rows, and where. */
  group(path: string, key: string, rows: number): Promise<Grouped>;
  close(): Promise<void>;
}

/** Rows by the value of a key, the most frequent first. */
export type Grouped = readonly { value: string; rows: readonly number[] }[];

interface Search {
  rows: number[];
  next: number;
  groups: Map<string, number[]>;
  busy: Promise<void>;
}

/** Rows in one job. */
const rowsInJob = 4000;

/** Milliseconds after which an answer is given, complete or not. */
const patience = 1000;

/** Searches that are remembered. */
const kept = 24;

/** Milliseconds without work after which the thread ends. */
const idle = 60_000;

export function createSearches(): Searches {
  const searches = new Map<string, Search>();
  let pool: WorkerPool<ScanJob, ScanResult> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const close = async () => {
    clearTimeout(timer);
    const ending = pool;
    pool = undefined;
    await ending?.close();
  };
  const run = async (job: ScanJob): Promise<ScanResult> => {
    clearTimeout(timer);
    pool ??= workerPool(new URL("./scanWorker", import.meta.url), {}, 1);
    try {
      return await pool.run(job);
    } finally {
      clearTimeout(timer);
      timer = setTimeout(() => void close(), idle).unref();
    }
  };
  const searchOf = (key: string): Search => {
    const search = searches.get(key) ?? {
      rows: [],
      next: 0,
      groups: new Map(),
      busy: Promise.resolve(),
    };
    searches.delete(key);
    searches.set(key, search);
    for (const oldest of [...searches.keys()].slice(0, -kept)) searches.delete(oldest);
    return search;
  };
  /** Scans on; two requests of one search take turns. */
  const scan = (
    search: Search,
    job: Omit<ScanJob, "from" | "to">,
    rows: number,
    isDone: () => boolean,
  ) => {
    const go = async () => {
      const until = performance.now() + patience;
      while (search.next < rows && !isDone() && performance.now() < until) {
        const from = search.next;
        const to = Math.min(rows, from + rowsInJob);
        const found = await run({ ...job, from, to });
        search.rows.push(...found.rows);
        for (const [value, own] of found.groups) {
          const all = search.groups.get(value) ?? [];
          all.push(...own);
          search.groups.set(value, all);
        }
        search.next = to;
      }
    };
    search.busy = search.busy.catch(() => {}).then(go);
    return search.busy;
  };
  return {
    async find(path, text, rows, wanted) {
      const search = searchOf(`find ${stateOf(path)} ${text}`);
      await scan(search, { path, find: text }, rows, () => search.rows.length >= wanted);
      return { rows: search.rows, searched: rows === 0 ? 1 : search.next / rows };
    },
    async group(path, key, rows) {
      const search = searchOf(`group ${stateOf(path)} ${key}`);
      while (search.next < rows) await scan(search, { path, group: key }, rows, () => false);
      return [...search.groups]
        .map(([value, own]) => ({ value, rows: own }))
        .sort((one, other) => other.rows.length - one.rows.length);
    },
    close,
  };
}

function stateOf(path: string): string {
  const { size, mtimeMs, ino } = statSync(path);
  return `${path}:${ino}:${size}:${mtimeMs}`;
}
