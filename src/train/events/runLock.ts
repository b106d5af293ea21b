/** Keeps two trainers out of one output_dir. */
import { join } from "node:path";
import { ConfigError } from "../../util/errors.js";
import {
  describeHolder,
  isReachable,
  type LockHolder,
  lockHolder,
  tryLock,
} from "../../util/fileLock.js";

/** Name of the lock file inside a run directory. */
export const lockName = ".train.lock";

export interface RunLock {
  /** A line about a trainer that ended without giving its lock back, if there was one. */
  readonly warning: string | undefined;
  /** Gives the lock back; does nothing the second time. */
  release(): void;
}

/**
 * Takes the lock of a run directory, which must exist.
 *
 * @throws {ConfigError} where another trainer holds it
 */
export function lockRun(runDirectory: string): RunLock {
  const file = join(runDirectory, lockName);
  for (;;) {
    const lock = tryLock(file);
    if (lock) {
      const warning = "A stale lock of a process that has ended was taken over.";
      return { warning: lock.abandoned ? warning : undefined, release: () => lock.release() };
    }
    const refusal = whoseRun(runDirectory);
    if (refusal) throw refusal;
  }
}

/** The error that {@link lockRun} would throw now; nothing where the directory is free. */
export function whoseRun(runDirectory: string): ConfigError | undefined {
  const holder = lockHolder(join(runDirectory, lockName));
  return holder && occupied(runDirectory, holder);
}

function occupied(runDirectory: string, holder: LockHolder): ConfigError {
  return new ConfigError(`Another process is training in ${runDirectory}`, {
    why: describeHolder(holder),
    todo: isReachable(holder)
      ? `Use another output_dir, or stop it first (kill ${holder.pid} saves a checkpoint).`
      : "Use another output_dir, or stop that process first.",
  });
}
