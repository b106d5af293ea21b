/**
 * Room on the disk of a run: looked at before each save, so that a run that does not fit says so
 * instead of filling the disk. Then it waits for room or stops (`on_disk_full`).
 */
import { readdirSync, statfsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { EnvironmentError } from "../../util/errors.js";
import { formatBytes } from "../progress.js";
import { howToGoOn, isDiskFull } from "./failure.js";
import { listFiles } from "./manifest.js";
import { listCheckpoints } from "./names.js";
import { freeSurplus } from "./save.js";

/** A save, and what to do where there is no room for it. */
export interface RoomOptions {
  runDirectory: string;
  /** What is saved, such as `checkpoint-20`. */
  what: string;
  /** Bytes that it needs at least. */
  needed: number;
  policy: "stop" | "wait";
  /** `save_total_limit`. */
  totalLimit: number | null;
  /** Step of a checkpoint that stays whatever its age. */
  keptStep?: number | undefined;
  /** Whether a signal asks the run to stop: it then waits no longer. */
  isStopped: () => boolean;
  /** Told once when the waiting begins and once when it ends. */
  warn: (message: string) => void;
  /** Milliseconds between two looks; default 2,000. */
  interval?: number;
}

/** Milliseconds between looks for a signal. */
const SIGNAL_INTERVAL = 200;

/**
 * Saves where there is room, or once there is. What `save_total_limit` would remove after this save
 * goes before it, if that is enough and a newer checkpoint is intact.
 *
 * @param save may be called again after it failed because the disk was full
 * @throws EnvironmentError where there is no room and the run does not wait, or waits no longer; what
 *   `save` throws for any other reason
 */
export async function saveWithRoom<Saved>(
  options: RoomOptions,
  save: () => Promise<Saved>,
): Promise<Saved> {
  const { runDirectory, needed, policy, isStopped, warn, interval = 2000 } = options;
  for (let isWaiting = false; ; ) {
    let refusal: unknown;
    if (freeBytes(runDirectory) >= needed) {
      try {
        const saved = await save();
        if (isWaiting) warn(`There is room again: ${options.what} is saved, training goes on.`);
        return saved;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        refusal = error;
      }
    }
    const freed = await freeSurplus(runDirectory, options);
    if (freed) {
      warn(
        `No room for ${options.what}: ${basename(freed)} was removed now, as save_total_limit would have done after it.`,
      );
      continue;
    }
    if (policy === "stop" || isStopped()) throw shortage(options, refusal);
    if (!isWaiting) warn(waitingLine(options));
    isWaiting = true;
    for (let left = interval; left > 0 && !isStopped(); left -= SIGNAL_INTERVAL) {
      await wait(Math.min(SIGNAL_INTERVAL, left));
    }
  }
}

/**
 * Looks before a run begins whether what it will save has room.
 *
 * @throws EnvironmentError where it has not, unless the run would wait
 */
export function requireRoom(options: Shortage & Pick<RoomOptions, "policy">): void {
  const { runDirectory, needed, policy } = options;
  if (policy === "stop" && freeBytes(runDirectory) < needed) throw shortage(options, undefined);
}

/** Bytes that this user may still write to the disk of a directory. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

type Shortage = Pick<RoomOptions, "runDirectory" | "what" | "needed">;

function shortage(options: Shortage, cause: unknown): EnvironmentError {
  const { runDirectory, what } = options;
  return new EnvironmentError(`There is no room for ${what} in ${runDirectory}`, {
    why: amounts(options, cause),
    todo: `free some space${removable(runDirectory)}, then ${howToGoOn(runDirectory)} (on_disk_full wait waits for room instead)`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function waitingLine(options: Shortage): string {
  const { runDirectory, what } = options;
  return (
    `There is no room for ${what} in ${runDirectory}: ${amounts(options, undefined)}. Training waits ` +
    `for room (on_disk_full wait). You could free some space${removable(runDirectory)}; Ctrl-C stops it.`
  );
}

function amounts({ runDirectory, needed }: Shortage, cause: unknown): string {
  const free = freeBytes(runDirectory);
  const seen = `it needs ${formatBytes(needed)} or more, ${formatBytes(free)} are free`;
  // A quota does not show in what the disk says is free.
  return cause instanceof Error && "why" in cause ? `${String(cause.why)}; ${seen}` : seen;
}

/** What lies in a run that it does not go on from, with sizes, as an aside. */
function removable(runDirectory: string): string {
  const [newest, ...older] = listCheckpoints(runDirectory);
  const aside = /^(checkpoint-\d+\.(broken|superseded|replaced)(-\d+)?|previous-\d+)$/;
  const paths = [
    ...older.map(({ path }) => path),
    ...readdirSync(runDirectory)
      .filter((name) => aside.test(name))
      .map((name) => join(runDirectory, name)),
  ];
  if (!newest || paths.length === 0) return "";
  const size = (path: string) =>
    listFiles(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  const named = paths.slice(0, 4).map((path) => `${basename(path)} (${formatBytes(size(path))})`);
  const more = paths.length > 4 ? ` and ${paths.length - 4} more` : "";
  return `, for example by removing ${named.join(", ")}${more}`;
}
