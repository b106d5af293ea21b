/** Feeds tokens to a model with a cache and reads the logits of the token after them. */
import { hiddenStates, logitsOf, type PreparedModel } from "../models/index.js";
import { type Tensor, tidy, upload } from "../tensor/index.js";
import { cachedGroup, type KeyValueCache } from "./keyValueCache.js";

/** Tokens computed at once when a prompt is read: bounds memory for long ones. */
export const PREFILL_CHUNK = 256;

/** Hidden states of `ids`, which follow what the cache holds. @returns [n, dim] */
function statesOf(prepared: PreparedModel, cache: KeyValueCache, ids: Int32Array): Tensor {
  const uploaded = upload(ids, prepared.model.device);
  return hiddenStates(prepared, uploaded, cachedGroup(prepared, cache, ids.length));
}

/** Computes keys and values of `ids`, which follow what the cache holds. At most a chunk at a time. */
export function feed(prepared: PreparedModel, cache: KeyValueCache, ids: Int32Array): void {
  tidy(() => void statesOf(prepared, cache, ids));
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
    const hidden = statesOf(prepared, cache, ids);
    const last = logitsOf(prepared, hidden.narrow(0, ids.length - 1, 1)); // [1, vocab]
    const bytes = last.to({ dtype: "float32", device: "cpu" }).bytes();
    new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength).set(bytes);
  });
  for (const id of ids) cache.ids.push(id);
}
