/** The process of a job: begun, found again by another server, asked to stop, judged when it has ended. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lockName } from "../../train/events/index.js";
import { isReachable, lockHolder } from "../../util/fileLock.js";
import { errorsIn, startDetached } from "../program/index.js";
import { readNewestEnd } from "../runs/index.js";
import type { Job } from "./types.js";

/** Files of a job. */
export function jobFiles(folder: string, { id }: Pick<Job, "id">): { config: string; log: string } {
  return { config: join(folder, `${id}.json`), log: join(folder, `${id}.log`) };
}

/**
 * Begins to train.
 *
 * @param onExit told the exit code, null after a signal; not called when this process ends before
 * @returns the number of the process
 */
export function startTraining(
  folder: string,
  job: Job,
  onExit: (code: number | null) => void,
): number {
  const { config, log } = jobFiles(folder, job);
  const child = startDetached(["train", config, "--json"], log);
  child.on("error", () => onExit(1));
  child.on("exit", (code) => onExit(code));
  return child.pid ?? 0;
}

/** Whether the process of a job that an earlier server began is still there. */
export function isTraining(folder: string, job: Job): boolean {
  const holder = lockHolderOf(job.directory);
  if (holder?.pid !== undefined && holder.pid === job.pid) return true;
  if (job.pid === null) return false;
  // Before it has taken the lock, its command line tells it from another process of this number.
  const file = `/proc/${job.pid}/cmdline`;
  return existsSync(file) && readQuietly(file).includes(jobFiles(folder, job).config);
}

/** Asks the trainer of a run to save and end. @returns false where it cannot be reached */
export function askToStop(directory: string, pid: number | null): boolean {
  const holder = lockHolderOf(directory);
  const target = holder && isReachable(holder) ? holder.pid : pid;
  if (!target) return false;
  try {
    return process.kill(target, "SIGTERM");
  } catch {
    return false;
  }
}

/** How a job ended. @param code null where it is not known */
export async function outcomeOf(
  folder: string,
  job: Job,
  code: number | null,
): Promise<Pick<Job, "state" | "error">> {
  if (code === 0) return { state: "done", error: null };
  if (code === 130) return { state: "stopped", error: null };
  const end = await readNewestEnd(job.directory);
  // An end from before this job is that of an earlier attempt.
  const reason = end && end.time >= (job.started ?? 0) ? end.reason : undefined;
  if (reason === "done" || reason === "stopped") return { state: reason, error: null };
  const [first] = errorsIn(readQuietly(jobFiles(folder, job).log).slice(-1e5));
  const error = first
    ? [first.what, first.why, first.todo].filter(Boolean).join("; ")
    : "The process ended without a word: it was killed, or the machine stopped.";
  return { state: "failed", error };
}

function lockHolderOf(directory: string) {
  try {
    return lockHolder(join(directory, lockName));
  } catch {
    return undefined;
  }
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
