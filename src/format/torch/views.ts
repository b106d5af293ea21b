/** Reads the values of a tensor that is a view of a storage, whatever its strides, in little memory. */
import type { FileReader } from "../../util/fileReader.js";
import type { BufferPool } from "../bufferPool.js";
import {
  chunkElements,
  elementCount,
  rowElements,
  WEIGHT_DTYPE_BYTES,
  type WeightChunk,
} from "../weights.js";
import type { StoredTensor } from "./values.js";

/** Values of a storage that are held at once where a view does not lie in one piece. */
const WINDOW_ELEMENTS = 1 << 16;

/**
 * The tensor's values in row-major order: whole rows of at most `maxElements` elements, or one row
 * where a row is longer.
 *
 * @param position first byte of its storage
 */
export function* readView(
  file: FileReader,
  tensor: StoredTensor,
  position: number,
  maxElements: number,
  pool: BufferPool,
): Generator<WeightChunk, void, void> {
  const { shape, storage, offset } = tensor;
  const { dtype } = storage;
  const total = elementCount(shape);
  if (total === 0) return;
  const width = WEIGHT_DTYPE_BYTES[dtype];
  const row = rowElements(shape);
  const step = chunkElements(shape, maxElements);
  const isWhole = isContiguous(tensor);
  const window = isWhole ? undefined : pool.take(Math.min(WINDOW_ELEMENTS, storage.count) * width);
  const buffer = pool.take(step * width);
  try {
    for (let start = 0; start < total; start += step) {
      const count = Math.min(step, total - start);
      const data = buffer.subarray(0, count * width);
      if (window) gatherRows(file, tensor, position, { start, data, row, window });
      else file.readInto(data, position + (offset + start) * width);
      yield { start, count, dtype, data };
    }
  } finally {
    if (window) pool.give(window);
    pool.give(buffer);
  }
}

/** Whether the values follow each other in the storage as they do in the tensor. */
export function isContiguous({ shape, strides }: StoredTensor): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i]!;
  }
  return true;
}

interface Gathering {
  /** Index of the first element in the flattened tensor, at the start of a row. */
  start: number;
  data: Uint8Array;
  /** Elements of a row. */
  row: number;
  window: Uint8Array;
}

/**
 * Copies rows value by value. The dimension whose values lie closer together is walked first, so
 * that a transposed matrix is read in runs too, one for each column.
 */
function gatherRows(
  file: FileReader,
  tensor: StoredTensor,
  position: number,
  { start, data, row, window }: Gathering,
): void {
  const { shape, strides, storage } = tensor;
  const width = WEIGHT_DTYPE_BYTES[storage.dtype];
  const rows = data.length / width / row;
  const columnStride = shape.length < 2 ? 0 : strides.at(-1)!;
  const places = Array.from({ length: rows }, (_, i) => placeOf(tensor, start + i * row));
  const at = windowReader(file, position, storage.count, width, window);
  // Numbers of the width of a value, or two for eight bytes: quicker than copying bytes.
  const [source, target] = [inNumbers(window, width), inNumbers(data, width)];
  const numbers = Math.max(1, width / 4);
  const copy = (i: number, j: number) => {
    const from = at(places[i]! + j * columnStride) * numbers;
    const to = (i * row + j) * numbers;
    for (let part = 0; part < numbers; part++) target[to + part] = source[from + part]!;
  };
  const rowStride = rows > 1 ? Math.abs(places[1]! - places[0]!) : Number.POSITIVE_INFINITY;
  if (rowStride < columnStride) {
    for (let j = 0; j < row; j++) for (let i = 0; i < rows; i++) copy(i, j);
  } else {
    for (let i = 0; i < rows; i++) for (let j = 0; j < row; j++) copy(i, j);
  }
}

/** Index in the storage of an element of the flattened tensor. */
function placeOf({ shape, strides, offset }: StoredTensor, element: number): number {
  let place = offset;
  let rest = element;
  for (let i = shape.length - 1; i >= 0; i--) {
    place += (rest % shape[i]!) * strides[i]!;
    rest = Math.floor(rest / shape[i]!);
  }
  return place;
}

function inNumbers({ buffer, byteOffset, length }: Uint8Array, width: number) {
  if (width === 1) return new Uint8Array(buffer, byteOffset, length);
  if (width === 2) return new Uint16Array(buffer, byteOffset, Math.floor(length / 2));
  return new Uint32Array(buffer, byteOffset, Math.floor(length / 4));
}

/** Gives which value of `window` a value of the storage is, reading it there with those after it. */
function windowReader(
  file: FileReader,
  position: number,
  count: number,
  width: number,
  window: Uint8Array,
): (index: number) => number {
  let first = 0;
  let held = 0;
  return (index) => {
    if (index < first || index >= first + held) {
      first = index;
      held = Math.min(WINDOW_ELEMENTS, count - index);
      file.readInto(window.subarray(0, held * width), position + first * width);
    }
    return index - first;
  };
}
