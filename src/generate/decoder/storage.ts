/**
 * Keys and values of many texts at once: rows of one width, so that one call of attention serves all
 * that have a new token. Rows are made anew, wider or more of them, layer by layer.
 */
import type { AttentionShape, PreparedModel } from "../../models/index.js";
import { bytesPerElement, dispose, empty, keep, type Tensor, tidy } from "../../tensor/index.js";

/** Tokens by which the width of rows is rounded up. */
const CHUNK = 256;

/** Keys `[rows, nKv, width, hd]` and values `[rows, nKv, width, vd]` of one layer. */
export interface HeldLayer {
  keys: Tensor;
  values: Tensor;
}

export interface RowStorage {
  /** By index of the layer; empty for one without attention. */
  layers: HeldLayer[];
  rows: number;
  /** Tokens that a row holds. */
  width: number;
  /** Columns up to here are finite in every row: attention reads what it masks. */
  cleared: number;
}

export function emptyStorage(): RowStorage {
  return { layers: [], rows: 0, width: 0, cleared: 0 };
}

/** The width of rows that hold `tokens`. */
export function widthFor(tokens: number): number {
  return Math.ceil(tokens / CHUNK) * CHUNK;
}

/** Bytes of the keys and values of one token in all layers. */
export function bytesPerToken({ model, dtype }: PreparedModel): number {
  const numbers = attentionShapes(model).reduce(
    (sum, [, { keyHeads, headDim, valueDim = headDim }]) => sum + keyHeads * (headDim + valueDim),
    0,
  );
  return numbers * bytesPerElement[dtype];
}

function attentionShapes({ branches }: PreparedModel["model"]): [number, AttentionShape][] {
  return branches.flatMap(({ layer, attention }) => (attention ? [[layer, attention]] : []));
}

/**
 * Makes rows anew. While it lasts, one layer is there twice.
 *
 * @param kept which old row each of the first new rows continues
 */
export function rebuild(
  { model, dtype }: PreparedModel,
  storage: RowStorage,
  { rows, width, kept }: { rows: number; width: number; kept: readonly number[] },
): void {
  const copied = Math.min(storage.cleared, width);
  const made = (old: Tensor | undefined, heads: number, size: number): Tensor =>
    tidy(() => {
      const fresh = keep(empty([rows, heads, width, size], { dtype, device: model.device }));
      if (old && copied > 0) {
        kept.forEach((from, to) => {
          columns(fresh, to, 0, copied).copy_(columns(old, from, 0, copied));
        });
        fresh
          .narrow(0, kept.length, rows - kept.length)
          .narrow(2, 0, copied)
          .zero_();
      }
      old?.dispose();
      return fresh;
    });
  for (const [layer, { keyHeads, headDim, valueDim = headDim }] of attentionShapes(model)) {
    const old = storage.layers[layer];
    storage.layers[layer] = {
      keys: made(old?.keys, keyHeads, headDim),
      values: made(old?.values, keyHeads, valueDim),
    };
  }
  Object.assign(storage, { rows, width, cleared: copied });
}

/** Some tokens of one row. @returns [nKv, count, size], a view */
export function columns(rows: Tensor, row: number, start: number, count: number): Tensor {
  return rows.select(0, row).narrow(1, start, count);
}

/** Makes the first `tokens` columns of all rows finite. */
export function clearTo(storage: RowStorage, tokens: number): void {
  if (tokens <= storage.cleared) return;
  const end = Math.min(widthFor(tokens), storage.width);
  tidy(() => {
    for (const tensor of tensorsOf(storage)) {
      tensor.narrow(2, storage.cleared, end - storage.cleared).zero_();
    }
  });
  storage.cleared = end;
}

/** Copies the first `count` tokens of a row into another. */
export function copyBeginning(storage: RowStorage, from: number, to: number, count: number): void {
  tidy(() => {
    for (const tensor of tensorsOf(storage)) {
      columns(tensor, to, 0, count).copy_(columns(tensor, from, 0, count));
    }
  });
}

function tensorsOf({ layers }: RowStorage): Tensor[] {
  return Object.values(layers).flatMap(({ keys, values }) => [keys, values]);
}

export function disposeStorage(storage: RowStorage): void {
  dispose(tensorsOf(storage));
  Object.assign(storage, emptyStorage());
}
