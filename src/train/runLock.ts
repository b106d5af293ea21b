/**
 * A lock file that keeps two trainers out of one output_dir. It names the process by id and start
 * time, so that a lock left by a process that is gone is recognised even when its id was given away.
 */
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../util/errors.js";

/** Name of the lock file inside a run directory. */
export const lockName = ".train.lock";

interface Holder {
  pid: number;
  host: string;
  /** Start of the process in clock ticks since boot, or `null` where the system does not tell. */
  started: string | null;
  /** ISO 8601, for people. */
  since: string;
  token: string;
}

export interface RunLock {
  /** A line about a stale lock that was taken over, if there was one. */
  readonly warning: string | undefined;
  /** Gives the lock back; does nothing the second time, or when someone else holds it by now. */
  release(): void;
}

/**
 * Takes the lock of a run directory, which must exist.
 *
 * @throws {ConfigError} where a living process, or one on another host, holds it
 */
export function lockRun(runDirectory: string): RunLock {
  const file = join(runDirectory, lockName);
  const token = randomUUID();
  const holder: Holder = {
    pid: process.pid,
    host: hostname(),
    started: processStart(process.pid),
    since: new Date().toISOString(),
    token,
  };
  const own = `${file}.${token}`;
  writeFileSync(own, JSON.stringify(holder));
  let warning: string | undefined;
  try {
    for (;;) {
      if (link(own, file)) break;
      const other = readHolder(file);
      if (other === undefined) continue;
      if (other !== "damaged" && isAlive(other)) throw occupied(runDirectory, file, other);
      warning = "A lock of a trainer that is gone was taken over.";
      removeStale(file, `${own}.stale`, other);
    }
  } finally {
    rmSync(own, { force: true });
  }
  return {
    warning,
    release() {
      const current = readHolder(file);
      if (current !== undefined && current !== "damaged" && current.token === token)
        rmSync(file, { force: true });
    },
  };
}

/** The error that {@link lockRun} would throw now; nothing where the directory is free. */
export function whoseRun(runDirectory: string): ConfigError | undefined {
  const file = join(runDirectory, lockName);
  const holder = readHolder(file);
  if (holder === undefined || holder === "damaged" || !isAlive(holder)) return undefined;
  return occupied(runDirectory, file, holder);
}

/** A hard link appears at once with its whole content, and fails where the name is taken. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Takes a stale lock away, and puts it back if it turns out to be another, living one. */
function removeStale(file: string, aside: string, seen: Holder | "damaged"): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const taken = readHolder(aside);
  const sameAsSeen =
    seen === "damaged"
      ? taken === "damaged"
      : typeof taken === "object" && taken.token === seen.token;
  if (!sameAsSeen) link(aside, file);
  rmSync(aside, { force: true });
}

/** Who holds a lock file; `undefined` where it is gone. */
function readHolder(file: string): Holder | "damaged" | undefined {
  try {
    const value = JSON.parse(readFileSync(file, "utf8")) as Partial<Holder>;
    return typeof value?.pid === "number" && typeof value.host === "string" && value.token
      ? (value as Holder)
      : "damaged";
  } catch (error) {
    return codeOf(error) === "ENOENT" ? undefined : "damaged";
  }
}

function isAlive({ pid, host, started }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
  }
  return started === null || processStart(pid) === started;
}

/** Field 22 of /proc/PID/stat; the command in field 2 may hold spaces and parentheses. */
function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

function occupied(runDirectory: string, file: string, { pid, host, since }: Holder): ConfigError {
  const here = host === hostname();
  return new ConfigError(`Another trainer is writing to ${runDirectory}`, {
    why: `Process ${pid}${here ? "" : ` on ${host}`} holds it since ${since}.`,
    todo: here
      ? `Use another output_dir, or stop it first (kill ${pid} saves a checkpoint).`
      : `Use another output_dir; if that process is gone for certain, remove ${file}.`,
  });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
