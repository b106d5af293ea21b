/**
 * Keys and values of the tokens seen so far, as plain data. A cache grows in chunks, can be cut
 * back to a beginning that a new prompt shares, and acts as the `TokenGroup` of the next tokens.
 */
import type { PreparedModel } from "../models/index.js";
import { cachedAttention, type RopeTable, ropeTable, type TokenGroup } from "../nn/index.js";
import { type DType, dispose, empty, keep, type Tensor, tidy } from "../tensor/index.js";

/** Tokens by which a cache grows at least; a larger one grows by a quarter. */
const CHUNK = 256;

/** Keys and values of one layer, `[capacity, nKv, headDim]` each; rows from `length` on are free. */
export interface CachedLayer {
  keys: Tensor;
  values: Tensor;
}

export interface KeyValueCache {
  /** Ids of the tokens whose keys and values are held. */
  ids: number[];
  /** Tokens that fit without growing. */
  capacity: number;
  dtype: DType;
  layers: CachedLayer[];
  /** Rotations of positions 0 to `capacity`; null where they depend on the length of the text. */
  rope: RopeTable | null;
}

/**
 * An empty cache in the dtype of the computation. Its tensors are the caller's:
 * {@link disposeCache}.
 */
export function createCache(prepared: PreparedModel, capacity = CHUNK): KeyValueCache {
  const { dtype } = prepared;
  const cache: KeyValueCache = { ids: [], capacity: 0, dtype, layers: [], rope: null };
  reserve(prepared, cache, capacity);
  return cache;
}

/** Forgets the tokens from position `length` on. */
export function truncateCache(cache: KeyValueCache, length: number): void {
  cache.ids.length = Math.min(cache.ids.length, length);
}

/** Number of tokens at the beginning of `ids` that the cache holds already. */
export function sharedPrefix(cache: KeyValueCache, ids: ArrayLike<number>): number {
  const most = Math.min(cache.ids.length, ids.length);
  let length = 0;
  while (length < most && cache.ids[length] === ids[length]) length++;
  return length;
}

/** Bytes of keys and values, free rows included. */
export function cacheBytes(cache: KeyValueCache): number {
  return cache.layers.reduce((sum, { keys, values }) => sum + keys.nbytes + values.nbytes, 0);
}

export function disposeCache(cache: KeyValueCache): void {
  dispose([cache.layers, cache.rope]);
  cache.ids = [];
  cache.layers = [];
  cache.rope = null;
  cache.capacity = 0;
}

/** Makes room for `length` tokens, keeping what is held. */
export function reserve({ model }: PreparedModel, cache: KeyValueCache, length: number): void {
  if (length <= cache.capacity && cache.layers.length > 0) return;
  const wanted = Math.max(length, Math.floor(cache.capacity * 1.25));
  const capacity = Math.ceil(wanted / CHUNK) * CHUNK;
  const { dtype, ids } = cache;
  const { device, config } = model;
  const layers = config.num_hidden_layers;
  const shape = [capacity, config.num_key_value_heads, config.head_dim];
  const grown = (old: Tensor | undefined): Tensor =>
    tidy(() => {
      const fresh = keep(empty(shape, { dtype, device }));
      if (old && ids.length > 0) {
        fresh.narrow(0, 0, ids.length).copy_(old.narrow(0, 0, ids.length));
      }
      old?.dispose();
      return fresh;
    });
  for (let layer = 0; layer < layers; layer++) {
    const old = cache.layers[layer];
    cache.layers[layer] = { keys: grown(old?.keys), values: grown(old?.values) };
  }
  dispose(cache.rope);
  cache.rope = null;
  if (config.rope_scaling?.rope_type !== "dynamic") {
    const positions = Int32Array.from({ length: capacity }, (_, position) => position);
    cache.rope = tidy(() => {
      const { cos, sin } = ropeTable(config, positions, capacity, dtype, device);
      return { cos: keep(cos), sin: keep(sin) };
    });
  }
  cache.capacity = capacity;
}

/**
 * The next `count` tokens as a group: attention appends their keys and values and looks at
 * everything before. Call within `tidy`, and add their ids to the cache afterwards.
 */
export function cachedGroup(
  prepared: PreparedModel,
  cache: KeyValueCache,
  count: number,
): TokenGroup {
  const start = cache.ids.length;
  const end = start + count;
  reserve(prepared, cache, end);
  return {
    index: 0,
    rope: cache.rope
      ? { cos: cache.rope.cos.narrow(0, start, count), sin: cache.rope.sin.narrow(0, start, count) }
      : dynamicRope(prepared, start, end),
    attend(q, k, v, layer) {
      const { keys, values } = cache.layers[layer]!;
      keys.narrow(0, start, count).copy_(k);
      values.narrow(0, start, count).copy_(v);
      return cachedAttention(q, keys.narrow(0, 0, end), values.narrow(0, 0, end));
    },
  };
}

/** With dynamic scaling new tokens are rotated for the length so far; cached keys stay as they are. */
function dynamicRope({ model, dtype }: PreparedModel, start: number, end: number): RopeTable {
  const positions = Int32Array.from({ length: end - start }, (_, i) => start + i);
  return ropeTable(model.config, positions, end, dtype, model.device);
}
