/** Notices while a file is read that another program has changed it. */
import { fstatSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { ChangedDataError } from "../../util/errors.js";
import { changeOf, type FileState } from "./fileState.js";

/**
 * @param handle that the file is read with
 * @param state what it was when the rows were found
 * @returns to be called after each read, before what was read is believed. It costs microseconds,
 *   unless the file was touched. Rows appended behind those that are known do no harm.
 *   It throws ChangedDataError.
 */
export function fileGuard(file: string, handle: FileHandle, state: FileState): () => Promise<void> {
  let known = { bytes: state.bytes, modified: state.modified };
  return async () => {
    const { size, mtimeNs } = fstatSync(handle.fd, { bigint: true });
    const bytes = Number(size);
    const modified = String(mtimeNs);
    if (bytes === known.bytes && modified === known.modified) return;
    const found = await changeOf(state, handle);
    if (found && found.change !== "appended")
      throw changedWhileRead(file, state, found.bytes, backToTraining);
    known = { bytes, modified };
  };
}

const backToTraining =
  "put the file back as it was and go on with --resume, or start a new run with the file as it is";

/** The error for a file that is not what it was when reading began. */
export function changedWhileRead(
  file: string,
  before: Pick<FileState, "bytes">,
  bytes: number,
  todo = "try again when no program is writing to the file",
): ChangedDataError {
  return new ChangedDataError(`${file}: changed while it was being read`, {
    why:
      bytes === before.bytes
        ? "another program has written other bytes to it, of the same size"
        : `another program has written to it: it had ${before.bytes} bytes and has ${bytes}`,
    todo,
  });
}
