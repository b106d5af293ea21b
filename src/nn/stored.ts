/**
 * Weights as files store them. Products of a few rows are bound by reading the weight, and read it in
 * this form; the values are the ones that the weight has in float32.
 */
import type { DType, Tensor } from "../tensor/index.js";

/** ggml's numbers of its types, and one of our own for NF4, which ggml does not have. */
export const storedTypes = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q5_1: 7,
  Q8_0: 8,
  Q4_K: 12,
  Q5_K: 13,
  Q6_K: 14,
  BF16: 30,
  NF4: 1000,
} as const;

export type StoredType = keyof typeof storedTypes;

/** Weights below each other: each [rows, in], or the bytes of its rows' blocks, and their types. */
export interface StoredWeights {
  tensors: readonly Tensor[];
  types: readonly number[];
}

const plainTypes: Partial<Record<DType, number>> = {
  float32: storedTypes.F32,
  float16: storedTypes.F16,
  bfloat16: storedTypes.BF16,
};

/** A weight of single values as it is; undefined for a data type without such products. @param weight [out, in] */
export function storedAs(weight: Tensor): StoredWeights | undefined {
  const type = plainTypes[weight.dtype];
  return type === undefined ? undefined : { tensors: [weight], types: [type] };
}
