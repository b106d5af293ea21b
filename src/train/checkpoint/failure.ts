/** What the user is told where a save failed: why, and from what the run can go on. */
import { basename } from "node:path";
import { EnvironmentError } from "../../util/errors.js";
import { isOutOfMemory } from "../../util/outOfMemory.js";
import { explainSystemError } from "../../util/systemErrors.js";
import { listCheckpoints } from "./names.js";

/** Codes of the system for a disk or a quota that has no room left. */
const noRoom: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

/** Whether an error, or one of those that caused it, says that a disk or a quota is full. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && noRoom.has(at.code)) return true;
  }
  return false;
}

/**
 * The error for a save that failed; where memory ran out, as it is: nothing is wrong with the disk.
 *
 * @param what such as `checkpoint-20`
 */
export function saveFailure(what: string, runDirectory: string, cause: unknown): Error {
  if (isOutOfMemory(cause)) return cause;
  const known = isDiskFull(cause) ? "free some space" : explainSystemError(cause)?.todo;
  const action = known ?? "correct what is wrong there";
  return new EnvironmentError(`Could not save ${what}`, {
    why: cause instanceof Error ? cause.message : String(cause),
    todo: `${action}, then ${howToGoOn(runDirectory)}`,
    cause,
  });
}

/** From what a run can go on after a failure, as the end of a sentence. */
export function howToGoOn(runDirectory: string): string {
  const [newest] = listCheckpoints(runDirectory);
  return newest
    ? `continue with --resume from ${basename(newest.path)}, which is untouched`
    : "start again: nothing has been saved yet";
}

/** Runs an action that writes to a run; what the file system refuses becomes a {@link saveFailure}. */
export function whereFilesFail<Value>(
  runDirectory: string,
  what: string,
  action: () => Value,
): Value {
  try {
    return action();
  } catch (error) {
    if (error instanceof Error && "syscall" in error) throw saveFailure(what, runDirectory, error);
    throw error;
  }
}
