/** Keys and values of what prompts begin with, which passes hold for the next ones. */
import {
  bytesPerToken,
  createStorage,
  halfOfFree,
  type PageStorage,
} from "../../generate/index.js";
import type { PreparedModel } from "../../models/index.js";
import { DataError } from "../../util/errors.js";
import { showBytes } from "../../util/showBytes.js";

/**
 * Room for a beginning; null where there is none. The caller's to dispose.
 *
 * @throws DataError where there is no memory
 */
export function heldBeginning(prepared: PreparedModel, tokens: number): PageStorage | null {
  if (tokens === 0) return null;
  const needed = tokens * bytesPerToken(prepared);
  const free = halfOfFree(prepared);
  if (needed > free) {
    throw new DataError(`no memory for prompts of ${tokens} tokens`, {
      why: `their keys and values take ${showBytes(needed)}, and there are ${showBytes(free)} for them`,
      todo: "show fewer examples, or load the model with --dtype bfloat16",
    });
  }
  return createStorage(prepared, tokens);
}
