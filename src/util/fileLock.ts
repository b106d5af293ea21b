/**
 * One holder at a time, among the threads of a process, the processes of a machine, and machines that
 * share a network file system. The kernel keeps the lock and gives it up when its holder ends in any
 * way, so nobody ever has to judge whether a lock was left behind: whoever judges can be overtaken
 * between the look and the act. The file itself stays for good and says who holds it, for messages.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeSync,
} from "node:fs";
import { hostname, constants as system } from "node:os";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { EnvironmentError } from "./errors.js";
import { loadSmallAddon } from "./smallAddon.js";

/** A lock that this thread holds until it gives it back or ends. */
export interface FileLock {
  /** Whether the last holder ended without giving it back. */
  readonly abandoned: boolean;
  /** Does nothing the second time. */
  release(): void;
}

/** Who holds a lock, as far as the file tells. */
export interface LockHolder {
  pid?: number;
  host?: string;
  /** The namespace that `pid` is a number of: another one in every container. */
  space?: string;
  /** ISO 8601. */
  since?: string;
}

export interface WithLockOptions {
  /** Ends the waiting; {@link withLock} then throws its reason. */
  signal?: AbortSignal;
}

/**
 * Takes a lock, or gives `undefined` where another holds it.
 * @param path the lock's file, in a folder that exists; whatever it holds means nothing
 * @throws EnvironmentError where the file system has no locks
 */
export function tryLock(path: string): FileLock | undefined {
  for (;;) {
    const descriptor = openShared(path);
    let kept = false;
    try {
      if (!isFree(path, fileLocks().lock(descriptor))) return undefined;
      // Somebody may have removed the file since it was opened; another one holds the lock by now.
      if (!isAt(path, descriptor)) continue;
      kept = true;
      return held(descriptor);
    } finally {
      if (!kept) closeSync(descriptor);
    }
  }
}

/**
 * Runs `action` while nobody else runs one under the same path; waits, without blocking the thread.
 * @throws what {@link tryLock} and `action` throw
 */
export async function withLock<T>(
  path: string,
  action: () => Promise<T>,
  { signal }: WithLockOptions = {},
): Promise<T> {
  let lock: FileLock | undefined;
  for (let delay = firstDelay; ; delay = Math.min(2 * delay, longestDelay)) {
    signal?.throwIfAborted();
    lock = tryLock(path);
    if (lock) break;
    await wait(delay, undefined, { signal }).catch(() => {});
  }
  try {
    return await action();
  } finally {
    lock.release();
  }
}

/** Who holds the lock now; `undefined` where nobody does. The lock is not touched. */
export function lockHolder(path: string): LockHolder | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return isFree(path, fileLocks().look(descriptor)) ? undefined : readHolder(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether the holder's process has its number here too, so that it can be stopped by it. */
export function isReachable({ host, space }: LockHolder): boolean {
  return host === hostname() && space === processSpace();
}

/** Who holds a lock and since when, a sentence. */
export function describeHolder(holder: LockHolder | undefined): string {
  if (!holder) return "It held the lock a moment ago.";
  const { pid, host, since } = holder;
  const process = pid === undefined ? "A process" : `Process ${pid}`;
  const other = host === hostname() ? " in another container" : ` on ${host}`;
  const where = host === undefined || isReachable(holder) ? "" : other;
  return `${process}${where} has locked it${since === undefined ? "" : ` since ${since}`}.`;
}

/** Names the namespace of process numbers, and the boot that it belongs to; empty where Linux does not tell. */
function processSpace(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${readlinkSync("/proc/self/ns/pid")} ${boot}`;
  } catch {
    return "";
  }
}

/** Milliseconds between two tries. A blocking call would hold one of Node's few threads for files. */
const firstDelay = 5;
const longestDelay = 100;

function held(descriptor: number): FileLock {
  const abandoned = fstatSync(descriptor).size > 0;
  const since = new Date().toISOString();
  const holder = { pid: process.pid, host: hostname(), space: processSpace(), since };
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, JSON.stringify(holder), 0);
  } catch {
    // A full disk: the lock holds all the same, and only messages lack the holder.
  }
  let open = true;
  return {
    abandoned,
    release() {
      if (!open) return;
      open = false;
      try {
        ftruncateSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

/** Opens the file, making it where it is missing, for all who may write to its folder. */
function openShared(path: string): number {
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o666);
  try {
    const { uid, mode } = fstatSync(descriptor);
    const wanted = statSync(dirname(path)).mode & 0o666;
    if (uid === process.getuid?.() && (mode & 0o666) !== wanted) fchmodSync(descriptor, wanted);
  } catch {
    // A file system without modes.
  }
  return descriptor;
}

function isAt(path: string, descriptor: number): boolean {
  const there = statSync(path, { bigint: true, throwIfNoEntry: false });
  const here = fstatSync(descriptor, { bigint: true });
  return there?.ino === here.ino && there.dev === here.dev;
}

function readHolder(descriptor: number): LockHolder {
  try {
    const value: unknown = JSON.parse(readFileSync(descriptor, "utf8"));
    if (typeof value !== "object" || value === null) return {};
    const { pid, host, space, since } = value as Record<string, unknown>;
    return {
      ...(typeof pid === "number" && { pid }),
      ...(typeof host === "string" && { host }),
      ...(typeof space === "string" && { space }),
      ...(typeof since === "string" && { since }),
    };
  } catch {
    return {}; // it is being written
  }
}

/** Reads an answer of the addon. */
function isFree(path: string, answer: number): boolean {
  if (answer === 0) return true;
  if (answer === system.errno.EAGAIN || answer === system.errno.EACCES) return false;
  const name = Object.entries(system.errno).find(([, number]) => number === answer)?.[0];
  throw new EnvironmentError(`${path} cannot be locked`, {
    why: `the file system answers ${name ?? `error ${answer}`}`,
    todo: "use a folder on a local disk, or on a network file system with locks (NFS 4, Lustre mounted with -o flock)",
  });
}

interface FileLockAddon {
  lock(descriptor: number): number;
  look(descriptor: number): number;
}

let addon: FileLockAddon | undefined;

/** The addon in native/fileLock, once a thread. */
function fileLocks(): FileLockAddon {
  addon ??= loadSmallAddon<FileLockAddon>("fileLockAddon", "the addon for file locks");
  return addon;
}
