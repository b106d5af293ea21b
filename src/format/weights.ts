/**
 * The contract between weight files and the rest: named weights delivered in chunks of raw little-endian values, so that no file is ever held in memory as a whole.
 */
/** Element types in which weights are delivered and written (safetensors' names). */
export type WeightDType =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U8"
  | "BOOL";

/** Bytes of one element. */
export const WEIGHT_DTYPE_BYTES: Readonly<Record<WeightDType, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** Elements in a chunk when the caller does not say: 4 MiB of F32. */
export const DEFAULT_CHUNK_ELEMENTS = 1 << 20;

/** Consecutive elements of one weight, in row-major order. */
export interface WeightChunk {
  /** Index of the first element in the flattened weight. */
  start: number;
  /** Number of elements. */
  count: number;
  dtype: WeightDType;
  /**
   * `count` little-endian values. The view starts at a multiple of eight bytes and is valid only
   * until the next chunk is asked for: its memory is reused, so copy what must stay.
   */
  data: Uint8Array;
}

export interface WeightInfo {
  /** Outermost dimension first, as in PyTorch. */
  shape: number[];
  /** Type of the delivered chunks. */
  dtype: WeightDType;
  /** Type in the file, such as `Q4_1`; differs from `dtype` where values are dequantized. */
  storedType: string;
}

/** Weights of a file by name, without a model's configuration. */
export interface WeightReader {
  /** Names in the file's order. */
  names(): string[];
  /** @throws FormatError when the name is not in the file */
  info(name: string): WeightInfo;
  /**
   * The weight's values in order. Chunks are whole rows (last dimension) of at most
   * `maxElements` elements, or one row where a row is longer.
   * @throws FormatError when the name is not in the file or the file ends early
   */
  chunks(name: string, maxElements?: number): Generator<WeightChunk, void, void>;
  close(): void;
}

/** Product of the dimensions; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

/** Elements of one row: the last dimension, or one element of a vector or scalar. */
export function rowElements(shape: readonly number[]): number {
  return shape.length < 2 ? 1 : (shape[shape.length - 1] ?? 1);
}

/** Elements of a chunk: as many whole rows as `maxElements` has room for, at least one, at most all. */
export function chunkElements(shape: readonly number[], maxElements: number): number {
  const row = rowElements(shape);
  return Math.min(elementCount(shape), Math.max(1, Math.floor(maxElements / row)) * row);
}
