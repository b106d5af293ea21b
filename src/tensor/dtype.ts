/** Data types, in PyTorch's names, with their size and the typed array that holds them. */

/** Element type of a tensor. */
export type DType =
  | "float32"
  | "bfloat16"
  | "float16"
  | "float64"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool";

/** Where a tensor lives: `cpu`, `cuda`, `cuda:N`, or `meta`, which has shapes and no memory. */
export type Device = "cpu" | "meta" | "cuda" | `cuda:${number}`;

/** Typed arrays that a tensor can be made from or read into. */
export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint16Array
  | Uint8Array;

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<DType, number>> = {
  float32: 4,
  bfloat16: 2,
  float16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};
