/**
 * Keys and values of the tokens seen so far, as plain data. A cache grows in chunks, can be cut
 * back to a beginning that a new prompt shares, and acts as the `TokenGroup` of the next tokens.
 */
import {
  type AttentionShape,
  type PreparedModel,
  productsOf,
  rotationsOf,
} from "../models/index.js";
import {
  cachedAttention,
  operate,
  rotationRegime,
  type TokenGroup,
  tensorOf,
} from "../nn/index.js";
import { type DType, dispose, empty, keep, type Tensor, tidy } from "../tensor/index.js";
import { TunewrightError } from "../util/errors.js";

/** Tokens by which a cache grows at least; a larger one grows by a quarter. */
const CHUNK = 256;

/** Keys `[capacity, nKv, hd]` and values `[capacity, nKv, vd]` of one layer; rows from the held tokens on are free. */
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
  /** Tokens of the text that new keys are rotated for, where rotations depend on its length. */
  rotatedFor: number;
  /** By index of the layer; empty for one without attention. */
  layers: CachedLayer[];
}

/**
 * An empty cache in the dtype of the computation. Its tensors are the caller's:
 * {@link disposeCache}.
 */
export function createCache(prepared: PreparedModel, capacity = CHUNK): KeyValueCache {
  const { dtype } = prepared;
  const cache: KeyValueCache = { ids: [], capacity: 0, dtype, rotatedFor: 0, layers: [] };
  reserve(prepared, cache, capacity);
  return cache;
}

/** Forgets the tokens from position `length` on. */
export function truncateCache(cache: KeyValueCache, length: number): void {
  cache.ids.length = Math.min(cache.ids.length, length);
}

/**
 * Whether a text of `length` tokens needs other rotations than the keys that are held. This happens
 * where `longrope` goes from its short divisors to the long ones, or back; with dynamic scaling keys
 * stay as they are, as in transformers, and new ones are rotated for the length so far.
 */
export function outgrows(
  { rotary }: PreparedModel,
  { rotatedFor }: Pick<KeyValueCache, "rotatedFor">,
  length: number,
): boolean {
  if (rotary?.parameters.rope_scaling?.rope_type !== "longrope") return false;
  const regimeOf = (tokens: number) => rotationRegime(rotary.parameters, tokens);
  return regimeOf(length) !== regimeOf(rotatedFor);
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
  dispose(cache.layers);
  cache.ids = [];
  cache.layers = [];
  cache.capacity = 0;
}

/** Makes room for `length` tokens, keeping what is held. */
export function reserve({ model }: PreparedModel, cache: KeyValueCache, length: number): void {
  if (length <= cache.capacity && cache.layers.length > 0) return;
  const wanted = Math.max(length, Math.floor(cache.capacity * 1.25));
  const capacity = Math.ceil(wanted / CHUNK) * CHUNK;
  const { dtype, ids } = cache;
  const grown = (old: Tensor | undefined, { keyHeads }: AttentionShape, width: number): Tensor =>
    tidy(() => {
      const shape = [capacity, keyHeads, width];
      const fresh = keep(empty(shape, { dtype, device: model.device }));
      if (old && ids.length > 0) {
        fresh.narrow(0, 0, ids.length).copy_(old.narrow(0, 0, ids.length));
      }
      old?.dispose();
      return fresh;
    });
  for (const { layer, attention } of model.branches) {
    if (!attention) continue;
    const old = cache.layers[layer];
    const { headDim, valueDim = headDim } = attention;
    cache.layers[layer] = {
      keys: grown(old?.keys, attention, headDim),
      values: grown(old?.values, attention, valueDim),
    };
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
  const length = Math.max(end, cache.rotatedFor);
  return {
    ...productsOf(prepared),
    ...rotationsOf(prepared, (tables, dtype) => {
      const { cos, sin } = tables.upTo(length, dtype);
      return { cos: cos.narrow(0, start, count), sin: sin.narrow(0, start, count) };
    }),
    attend(q, k, v, layer, options) {
      const { keys, values } = cache.layers[layer]!;
      const [output] = operate({
        inputs: [q, k, v],
        cost: "dear",
        compute() {
          keys.narrow(0, start, count).copy_(tensorOf(k));
          values.narrow(0, start, count).copy_(tensorOf(v));
          const [all, contents] = [keys.narrow(0, 0, end), values.narrow(0, 0, end)];
          return [cachedAttention(tensorOf(q), all, contents, options)];
        },
        backward() {
          throw new TunewrightError("attention to a cache has no gradient");
        },
      });
      return output!;
    },
  };
}
