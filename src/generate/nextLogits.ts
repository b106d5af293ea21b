/** Feeds tokens to a model with a cache and reads the logits of the token after them. */
import { type PreparedModel, preparedStates } from "../models/index.js";
import { linear, noGrad, tidy } from "../tensor/index.js";
import { cachedGroup, type KeyValueCache } from "./keyValueCache.js";

/** Tokens computed at once when a prompt is read: bounds memory for long ones. */
export const PREFILL_CHUNK = 256;

/** Computes keys and values of `ids`, which follow what the cache holds. At most a chunk at a time. */
export function feed(prepared: PreparedModel, cache: KeyValueCache, ids: Int32Array): void {
  tidy(() => void preparedStates(prepared, ids, cachedGroup(prepared, cache, ids.length)));
  for (const id of ids) cache.ids.push(id);
}

/**
 * Feeds `ids` and writes the logits of the token after the last of them into `logits`.
 *
 * @param ids [n], n >= 1
 * @param logits [vocab]
 */
export function feedForLogits(
  prepared: PreparedModel,
  cache: KeyValueCache,
  ids: Int32Array,
  logits: Float32Array,
): void {
  tidy(() => {
    const hidden = preparedStates(prepared, ids, cachedGroup(prepared, cache, ids.length));
    const last = noGrad(() => linear(hidden.narrow(0, ids.length - 1, 1), prepared.head)); // [1, vocab]
    const bytes = last.to({ dtype: "float32", device: "cpu" }).bytes();
    new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength).set(bytes);
  });
  for (const id of ids) cache.ids.push(id);
}
