/** One writer of an output file at a time, and none into what is being read. */
import { rmSync } from "node:fs";
import { relative, resolve } from "node:path";
import { isInputName } from "../data/index.js";
import { ConfigError } from "../util/errors.js";
import { describeHolder, type FileLock, lockHolder, tryLock } from "../util/fileLock.js";
import { outputLockOf } from "../util/outPlace.js";

/**
 * Runs `action`, which writes `out`, while no other process does. Symbolic links to one file or folder
 * are one place.
 *
 * @param inputs what is read, as it was named
 * @param flag that named the output
 * @throws ConfigError where another process writes it, or where a folder or pattern among the inputs
 *   would read it the next time
 */
export async function withOutput<T>(
  out: string,
  inputs: readonly string[],
  action: () => Promise<T>,
  flag = "--out",
): Promise<T> {
  refuseAmongInputs(out, inputs);
  const file = outputLockOf(out);
  // The action itself says what is wrong with a folder that is not there.
  if (file === undefined) return action();
  let lock: FileLock | undefined;
  try {
    lock = tryLock(file);
  } catch (error) {
    // Nobody can write there; the action says so.
    if (error instanceof Error && "code" in error && !("exitCode" in error)) return action();
    throw error;
  }
  if (!lock) {
    throw new ConfigError(`${out} is being written by another process`, {
      why: describeHolder(lockHolder(file)),
      todo: `wait for it to end, or give another ${flag}`,
    });
  }
  try {
    return await action();
  } finally {
    // Whoever has opened the file meanwhile sees that it is gone, and makes another.
    rmSync(file, { force: true });
    lock.release();
  }
}

function refuseAmongInputs(out: string, inputs: readonly string[]): void {
  const among = inputs.find((input) => isInputName(out, input));
  if (among === undefined || isAlone(out, among)) return;
  throw new ConfigError(`--out ${out} lies in what is read: ${among}`, {
    why: "the next command that reads it would read the output as well",
    todo: "write it to another folder, or name the input files one by one",
  });
}

/** Whether the input is the file itself, of which another error tells. */
function isAlone(out: string, input: string): boolean {
  return relative(resolve(input), resolve(out)) === "";
}
