/** The runs below some folders, by id: found, read and followed without stopping the program's other work. */
import { walkRuns } from "../../tracking/runs/index.js";
import { realPath } from "../../util/outPlace.js";
import { pathId } from "../pathId.js";
import type { RunSummary } from "../schema.js";
import { takingTurns } from "../turns.js";
import { openRunLog, type RunLog, readRunLog } from "./runLog.js";
import {
  type BenchmarkRow,
  catchUp,
  followRun,
  type RunFollower,
  summaryOfRun,
} from "./runSummary.js";

export interface RunTable {
  /** All runs, the one that was at work last first. One that cannot be read is left out. */
  list(): Promise<RunSummary[]>;
  /** All runs with their directories. */
  directories(): Promise<{ id: string; directory: string }[]>;
  /** Scores on benchmarks that runs have told. */
  benchmarks(): Promise<{ summary: RunSummary; rows: readonly BenchmarkRow[] }[]>;
  /** The directory of a run; nothing where none has this id. */
  directoryOf(id: string): Promise<string | undefined>;
  summary(directory: string): Promise<RunSummary | undefined>;
  /** All that its events say so far. @throws Error of the system where they cannot be read */
  log(directory: string): Promise<RunLog>;
}

export interface RunTableOptions {
  roots: readonly string[];
  /** Whether this server started the run in a directory. */
  isOurs: (directory: string) => boolean;
  /** Runs that were begun, which have perhaps no events yet. */
  begun: () => readonly BegunRun[];
}

/** A run that was begun and has perhaps told nothing so far. */
export interface BegunRun {
  directory: string;
  summary: RunSummary;
}

/** Milliseconds for which the folders are not looked through again. */
const freshFor = 1500;

/** Whole logs that are kept in memory. */
const keptLogs = 8;

export function createRunTable({ roots, isOurs, begun }: RunTableOptions): RunTable {
  const followers = new Map<string, RunFollower>();
  const logs = new Map<string, { log: RunLog; reading: Promise<void> }>();
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  const look = async () => {
    const found = new Map<string, RunFollower>();
    await takingTurns(walkRuns(roots), (directory) => {
      const real = directory === undefined ? undefined : realPath(directory);
      if (real !== undefined)
        found.set(pathId(real), followers.get(pathId(real)) ?? followRun(real));
    });
    for (const id of followers.keys()) if (!found.has(id)) followers.delete(id);
    for (const [id, follower] of found) followers.set(id, follower);
    looked = performance.now();
  };
  const refresh = () => {
    if (performance.now() - looked < freshFor) return Promise.resolve();
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const summarise = async (follower: RunFollower): Promise<RunSummary | undefined> => {
    try {
      await catchUp(follower);
      return summaryOfRun(follower, isOurs(follower.directory));
    } catch {
      // A folder may go, or be closed to us, while it is read.
      return undefined;
    }
  };
  const begunRun = (id: string) => begun().find(({ summary }) => summary.id === id);
  const list = async () => {
    await refresh();
    const runs: RunSummary[] = [];
    for (const follower of [...followers.values()]) {
      const summary = await summarise(follower);
      if (summary) runs.push(summary);
    }
    const ids = new Set(runs.map(({ id }) => id));
    runs.push(...begun().flatMap(({ summary }) => (ids.has(summary.id) ? [] : [summary])));
    return runs.sort((one, other) => other.updated - one.updated);
  };
  return {
    list,
    async directories() {
      await refresh();
      return [...followers].map(([id, { directory }]) => ({ id, directory }));
    },
    async benchmarks() {
      const runs = await list();
      return runs.flatMap((summary) => {
        const rows = followers.get(summary.id)?.benchmarks ?? [];
        return rows.length > 0 ? [{ summary, rows }] : [];
      });
    },
    async directoryOf(id) {
      if (!followers.has(id)) await refresh();
      return followers.get(id)?.directory ?? begunRun(id)?.directory;
    },
    async summary(directory) {
      const id = pathId(directory);
      const follower = followers.get(id) ?? followRun(directory);
      return (await summarise(follower)) ?? begunRun(id)?.summary;
    },
    async log(directory) {
      const entry = logs.get(directory) ?? {
        log: openRunLog(directory),
        reading: Promise.resolve(),
      };
      logs.delete(directory);
      logs.set(directory, entry);
      for (const oldest of [...logs.keys()].slice(0, -keptLogs)) logs.delete(oldest);
      // One reader at a time; whoever comes later sees at least what was there when it came.
      entry.reading = entry.reading.catch(() => {}).then(() => readRunLog(entry.log));
      await entry.reading.catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT" || !begunRun(pathId(directory))) throw error;
      });
      return entry.log;
    },
  };
}
