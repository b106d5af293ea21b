/** Types of weights by their names in files. */
import type { WeightDType } from "../format/index.js";
import type { DType } from "../tensor/index.js";

/** Those that models are written in. */
export const writtenDTypes: Partial<Record<WeightDType, DType>> = {
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
};

/** Those that weights are read from. */
export const readDTypes: Partial<Record<WeightDType, DType>> = { F64: "float64", ...writtenDTypes };
