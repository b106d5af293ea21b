/** Whether an error says that there was no memory, whoever ran short of it. */
import { OutOfMemoryError } from "./errors.js";

/**
 * Refused by libtorch's allocators or the addon, by JavaScript's (a `RangeError` for the bytes of a
 * typed array), by Node for a thread's heap, or by DuckDB.
 */
export function isOutOfMemory(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  if (error instanceof OutOfMemoryError) return true;
  if ("code" in error && (error.code === "ERR_WORKER_OUT_OF_MEMORY" || error.code === "ENOMEM")) {
    return true;
  }
  if (error instanceof RangeError) return /allocation failed/i.test(error.message);
  return /^Out of Memory Error:/.test(error.message);
}
